package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.EXTMemoryBudget.*;
import static org.lwjgl.vulkan.EXTPciBusInfo.*;
import static org.lwjgl.vulkan.KHRShaderIntegerDotProduct.*;
import static org.lwjgl.vulkan.VK12.*;

import io.infergrid.compute.vulkan.DeviceFacts.IntegerDots;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkFormatProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryBudgetPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties2;
import org.lwjgl.vulkan.VkPhysicalDevicePCIBusInfoPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductPropertiesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Properties;
import org.lwjgl.vulkan.VkQueueFamilyProperties;

/** A device of the loader, before it is opened. */
record PhysicalDevice(VkPhysicalDevice handle, DeviceFacts facts, Set<String> extensions, int computeFamily) {

    /** Storage buffers that the largest kernel binds. */
    private static final int STORAGE_BUFFERS = 8;

    /** Texel formats of weights, scales and caches. */
    private static final int[] TEXEL_FORMATS = {VK_FORMAT_R32_UINT, VK_FORMAT_R32G32_UINT, VK_FORMAT_R32G32B32A32_UINT};

    static PhysicalDevice of(VkPhysicalDevice handle) {
        try (var stack = MemoryStack.stackPush()) {
            var vulkan12 = VkPhysicalDeviceVulkan12Properties.calloc(stack).sType$Default();
            var vulkan11 = VkPhysicalDeviceVulkan11Properties.calloc(stack)
                    .sType$Default()
                    .pNext(vulkan12.address());
            var properties = VkPhysicalDeviceProperties2.calloc(stack).sType$Default();
            Set<String> extensions = extensions(handle);
            boolean dots = extensions.contains(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
            boolean onPci = extensions.contains(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
            var dotProducts = VkPhysicalDeviceShaderIntegerDotProductPropertiesKHR.calloc(stack)
                    .sType$Default();
            var pci = VkPhysicalDevicePCIBusInfoPropertiesEXT.calloc(stack).sType$Default();
            if (dots) {
                vulkan12.pNext(dotProducts.address());
            }
            if (onPci) {
                pci.pNext(vulkan12.pNext());
                vulkan12.pNext(pci.address());
            }
            int version = apiVersion(handle, stack);
            if (version >= VK_API_VERSION_1_2) {
                properties.pNext(vulkan11.address());
            }
            vkGetPhysicalDeviceProperties2(handle, properties);
            int family = computeFamily(handle, stack);
            var core = properties.properties();
            var limits = core.limits();
            var missing = new ArrayList<String>();
            require(missing, version >= VK_API_VERSION_1_2, "Vulkan 1.2");
            require(missing, family >= 0, "a compute queue");
            require(
                    missing,
                    vulkan12.shaderRoundingModeRTEFloat32(),
                    "32-bit floats that round to nearest even (shaderRoundingModeRTEFloat32)");
            require(
                    missing,
                    limits.maxPerStageDescriptorStorageBuffers() >= STORAGE_BUFFERS,
                    STORAGE_BUFFERS + " storage buffers a kernel");
            require(
                    missing,
                    Integer.toUnsignedLong(limits.maxTexelBufferElements()) >= 1 << 20,
                    "texel buffers of 2^20 elements");
            for (int format : TEXEL_FORMATS) {
                require(missing, texelFormat(handle, format, stack), "texel buffers of format " + format);
            }
            var facts = new DeviceFacts(
                    core.deviceNameString(),
                    kind(core.deviceType()),
                    (vulkan12.driverNameString() + " " + vulkan12.driverInfoString()).strip(),
                    VK_API_VERSION_MAJOR(version) + "." + VK_API_VERSION_MINOR(version) + "."
                            + VK_API_VERSION_PATCH(version),
                    core.vendorID(),
                    core.deviceID(),
                    hex(vulkan11.deviceUUID()),
                    heaps(handle, extensions, stack),
                    Integer.toUnsignedLong(limits.maxTexelBufferElements()),
                    Integer.toUnsignedLong(limits.maxStorageBufferRange()),
                    vulkan11.subgroupSize(),
                    limits.timestampComputeAndGraphics() ? limits.timestampPeriod() : 0,
                    !dots || version < VK_API_VERSION_1_2
                            ? IntegerDots.ABSENT
                            : dotProducts.integerDotProduct4x8BitPackedSignedAccelerated()
                                    ? IntegerDots.ACCELERATED
                                    : IntegerDots.EMULATED,
                    version < VK_API_VERSION_1_2 ? MatrixTiles.NONE : CooperativeMatrices.of(handle, extensions),
                    onPci ? pciAddress(pci) : "",
                    missing);
            return new PhysicalDevice(handle, facts, extensions, family);
        }
    }

    private static String pciAddress(VkPhysicalDevicePCIBusInfoPropertiesEXT pci) {
        return String.format(
                Locale.ROOT, "%04x:%02x:%02x.%x", pci.pciDomain(), pci.pciBus(), pci.pciDevice(), pci.pciFunction());
    }

    private static void require(List<String> missing, boolean present, String what) {
        if (!present) {
            missing.add("it lacks " + what);
        }
    }

    private static int apiVersion(VkPhysicalDevice handle, MemoryStack stack) {
        var properties = VkPhysicalDeviceProperties2.calloc(stack).sType$Default();
        vkGetPhysicalDeviceProperties2(handle, properties);
        return properties.properties().apiVersion();
    }

    private static DeviceKind kind(int type) {
        return switch (type) {
            case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU -> DeviceKind.DISCRETE;
            case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU -> DeviceKind.INTEGRATED;
            case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU -> DeviceKind.VIRTUAL;
            case VK_PHYSICAL_DEVICE_TYPE_CPU -> DeviceKind.CPU;
            default -> DeviceKind.OTHER;
        };
    }

    private static boolean texelFormat(VkPhysicalDevice handle, int format, MemoryStack stack) {
        var properties = VkFormatProperties.calloc(stack);
        vkGetPhysicalDeviceFormatProperties(handle, format, properties);
        return (properties.bufferFeatures() & VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT) != 0;
    }

    /** A family that computes, rather one that does not draw: the desktop's work stays in another queue. */
    private static int computeFamily(VkPhysicalDevice handle, MemoryStack stack) {
        var count = stack.mallocInt(1);
        vkGetPhysicalDeviceQueueFamilyProperties(handle, count, null);
        var families = VkQueueFamilyProperties.calloc(count.get(0), stack);
        vkGetPhysicalDeviceQueueFamilyProperties(handle, count, families);
        int found = -1;
        for (int i = 0; i < families.capacity(); i++) {
            int flags = families.get(i).queueFlags();
            if ((flags & VK_QUEUE_COMPUTE_BIT) == 0) {
                continue;
            }
            if ((flags & VK_QUEUE_GRAPHICS_BIT) == 0) {
                return i;
            }
            found = found < 0 ? i : found;
        }
        return found;
    }

    static Set<String> extensions(VkPhysicalDevice handle) {
        try (var stack = MemoryStack.stackPush()) {
            var count = stack.mallocInt(1);
            String layer = null;
            check(
                    vkEnumerateDeviceExtensionProperties(handle, layer, count, null),
                    "vkEnumerateDeviceExtensionProperties");
            var properties = VkExtensionProperties.malloc(count.get(0));
            try (properties) {
                check(
                        vkEnumerateDeviceExtensionProperties(handle, layer, count, properties),
                        "vkEnumerateDeviceExtensionProperties");
                return properties.stream()
                        .map(VkExtensionProperties::extensionNameString)
                        .collect(Collectors.toSet());
            }
        }
    }

    private static List<DeviceFacts.Heap> heaps(VkPhysicalDevice handle, Set<String> extensions, MemoryStack stack) {
        boolean budgeted = extensions.contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
        var budget = VkPhysicalDeviceMemoryBudgetPropertiesEXT.calloc(stack).sType$Default();
        var properties = VkPhysicalDeviceMemoryProperties2.calloc(stack).sType$Default();
        if (budgeted) {
            properties.pNext(budget.address());
        }
        vkGetPhysicalDeviceMemoryProperties2(handle, properties);
        var memory = properties.memoryProperties();
        var heaps = new ArrayList<DeviceFacts.Heap>();
        for (int i = 0; i < memory.memoryHeapCount(); i++) {
            var heap = memory.memoryHeaps(i);
            heaps.add(new DeviceFacts.Heap(
                    heap.size(),
                    budgeted ? budget.heapBudget(i) : -1,
                    (heap.flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0));
        }
        return heaps;
    }

    /** Bytes of the device's own memory that this process can still take, or -1 if the driver does not tell. */
    long freeBytes() {
        if (!extensions.contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)) {
            return -1;
        }
        try (var stack = MemoryStack.stackPush()) {
            var budget = VkPhysicalDeviceMemoryBudgetPropertiesEXT.calloc(stack).sType$Default();
            var properties = VkPhysicalDeviceMemoryProperties2.calloc(stack)
                    .sType$Default()
                    .pNext(budget.address());
            vkGetPhysicalDeviceMemoryProperties2(handle, properties);
            var memory = properties.memoryProperties();
            long most = 0;
            for (int i = 0; i < memory.memoryHeapCount(); i++) {
                if ((memory.memoryHeaps(i).flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0) {
                    most = Math.max(most, budget.heapBudget(i) - budget.heapUsage(i));
                }
            }
            return most;
        }
    }

    private static String hex(ByteBuffer uuid) {
        byte[] bytes = new byte[uuid.remaining()];
        uuid.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
