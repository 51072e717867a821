package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.EXTDebugUtils.*;
import static org.lwjgl.vulkan.KHRPortabilityEnumeration.*;
import static org.lwjgl.vulkan.VK12.*;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VK;
import org.lwjgl.vulkan.VkApplicationInfo;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackDataEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCreateInfoEXT;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkInstance;
import org.lwjgl.vulkan.VkInstanceCreateInfo;
import org.lwjgl.vulkan.VkLayerProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Vulkan loader of this machine: lists its devices and opens them. Thread-safe. */
public final class VulkanInstance implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(VulkanInstance.class);
    private static final String VALIDATION_LAYER = "VK_LAYER_KHRONOS_validation";

    /** Whether the driver's calls are checked by the Khronos validation layer. */
    public enum Validation {
        OFF,
        IF_PRESENT
    }

    private final VkInstance handle;
    private final @Nullable Messenger messenger;
    private final List<String> messages = new CopyOnWriteArrayList<>();
    private final LiveObjects live = new LiveObjects();

    private VulkanInstance(Validation validation) {
        requireLoader();
        boolean validated = validation == Validation.IF_PRESENT && layers().contains(VALIDATION_LAYER);
        Set<String> extensions = extensions();
        boolean portability = extensions.contains(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        try (var stack = MemoryStack.stackPush()) {
            var application = VkApplicationInfo.calloc(stack)
                    .sType$Default()
                    .pApplicationName(stack.UTF8("InferGrid"))
                    .apiVersion(VK_API_VERSION_1_2);
            var info = VkInstanceCreateInfo.calloc(stack).sType$Default().pApplicationInfo(application);
            PointerBuffer names = stack.mallocPointer(2);
            if (portability) {
                info.flags(VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR);
                names.put(stack.UTF8(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME));
            }
            if (validated) {
                info.ppEnabledLayerNames(stack.pointers(stack.UTF8(VALIDATION_LAYER)));
                names.put(stack.UTF8(VK_EXT_DEBUG_UTILS_EXTENSION_NAME));
            }
            info.ppEnabledExtensionNames(names.flip());
            PointerBuffer pointer = stack.mallocPointer(1);
            int result = vkCreateInstance(info, null, pointer);
            if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
                // what the loader says where it knows no driver at all
                throw new VulkanException("no Vulkan driver was found (install or update the graphics driver)");
            }
            check(result, "vkCreateInstance");
            handle = new VkInstance(pointer.get(0), info);
        }
        messenger = validated ? new Messenger(handle, messages) : null;
    }

    /**
     * @throws VulkanException if this machine has no Vulkan loader or no driver
     */
    public static VulkanInstance open(Validation validation) {
        return new VulkanInstance(validation);
    }

    private static void requireLoader() {
        try {
            VK.getFunctionProvider();
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new VulkanException("this machine has no Vulkan loader (install or update the graphics driver)", e);
        }
    }

    /** Devices, the one to prefer first: usable before unusable, then by kind, then by device memory. */
    public List<DeviceFacts> devices() {
        return physicalDevices().stream().map(PhysicalDevice::facts).toList();
    }

    /**
     * Opens a device that {@link #devices} listed.
     *
     * @throws VulkanException if it is gone, or lacks what the engine needs
     */
    public VulkanDevice open(DeviceFacts wanted) {
        if (!wanted.usable()) {
            throw new VulkanException(wanted.name() + " cannot be used: " + String.join("; ", wanted.missing()));
        }
        PhysicalDevice device = physicalDevices().stream()
                .filter(d -> d.facts().uuid().equals(wanted.uuid())
                        && d.facts().name().equals(wanted.name()))
                .findFirst()
                .orElseThrow(() -> new VulkanException("expected a device " + wanted.name() + ", found it no more"));
        return new VulkanDevice(device, live);
    }

    private List<PhysicalDevice> physicalDevices() {
        try (var stack = MemoryStack.stackPush()) {
            IntBuffer count = stack.mallocInt(1);
            check(vkEnumeratePhysicalDevices(handle, count, null), "vkEnumeratePhysicalDevices");
            if (count.get(0) == 0) {
                return List.of();
            }
            PointerBuffer pointers = stack.mallocPointer(count.get(0));
            check(vkEnumeratePhysicalDevices(handle, count, pointers), "vkEnumeratePhysicalDevices");
            var devices = new ArrayList<PhysicalDevice>();
            for (int i = 0; i < count.get(0); i++) {
                devices.add(PhysicalDevice.of(new VkPhysicalDevice(pointers.get(i), handle)));
            }
            devices.sort(Comparator.comparing((PhysicalDevice d) -> !d.facts().usable())
                    .thenComparing(d -> d.facts().kind())
                    .thenComparingLong(d -> -d.facts().deviceMemoryBytes()));
            return devices;
        }
    }

    private static Set<String> layers() {
        try (var stack = MemoryStack.stackPush()) {
            IntBuffer count = stack.mallocInt(1);
            check(vkEnumerateInstanceLayerProperties(count, null), "vkEnumerateInstanceLayerProperties");
            var properties = VkLayerProperties.malloc(count.get(0));
            try (properties) {
                check(vkEnumerateInstanceLayerProperties(count, properties), "vkEnumerateInstanceLayerProperties");
                return properties.stream()
                        .map(VkLayerProperties::layerNameString)
                        .collect(Collectors.toSet());
            }
        }
    }

    private static Set<String> extensions() {
        try (var stack = MemoryStack.stackPush()) {
            IntBuffer count = stack.mallocInt(1);
            String layer = null;
            check(vkEnumerateInstanceExtensionProperties(layer, count, null), "vkEnumerateInstanceExtensionProperties");
            var properties = VkExtensionProperties.malloc(count.get(0));
            try (properties) {
                check(
                        vkEnumerateInstanceExtensionProperties(layer, count, properties),
                        "vkEnumerateInstanceExtensionProperties");
                return properties.stream()
                        .map(VkExtensionProperties::extensionNameString)
                        .collect(Collectors.toSet());
            }
        }
    }

    /** True if the validation layer watches. */
    public boolean validated() {
        return messenger != null;
    }

    /** What the validation layer had to say since the instance was opened. */
    public List<String> validationMessages() {
        return List.copyOf(messages);
    }

    /** The objects of every device of this instance that are still alive. */
    public LiveObjects live() {
        return live;
    }

    @Override
    public void close() {
        if (messenger != null) {
            messenger.close();
        }
        vkDestroyInstance(handle, null);
    }

    /** Receives what the validation layer says. */
    private static final class Messenger implements AutoCloseable {

        private final VkInstance instance;
        private final VkDebugUtilsMessengerCallbackEXT callback;
        private final long handle;

        Messenger(VkInstance instance, List<String> messages) {
            this.instance = instance;
            callback = VkDebugUtilsMessengerCallbackEXT.create((severity, types, data, user) -> {
                String message =
                        VkDebugUtilsMessengerCallbackDataEXT.create(data).pMessageString();
                messages.add(message);
                LOG.warn("Vulkan validation: {}", message);
                return VK_FALSE;
            });
            try (var stack = MemoryStack.stackPush()) {
                var info = VkDebugUtilsMessengerCreateInfoEXT.calloc(stack)
                        .sType$Default()
                        .messageSeverity(VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                                | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
                        .messageType(VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT
                                | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)
                        .pfnUserCallback(callback);
                var pointer = stack.mallocLong(1);
                check(vkCreateDebugUtilsMessengerEXT(instance, info, null, pointer), "vkCreateDebugUtilsMessengerEXT");
                handle = pointer.get(0);
            }
        }

        @Override
        public void close() {
            vkDestroyDebugUtilsMessengerEXT(instance, handle, null);
            callback.free();
        }
    }
}
