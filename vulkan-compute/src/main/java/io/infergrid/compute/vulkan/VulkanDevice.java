package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.KHRShaderIntegerDotProduct.*;
import static org.lwjgl.vulkan.VK12.*;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkDeviceQueueCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR;

/**
 * An opened device: its queue, its memory and its compiled kernels. Thread-safe. Closing it frees what it made; buffers and
 * sequences must be closed before.
 */
public final class VulkanDevice implements AutoCloseable {

    private static final String PORTABILITY_SUBSET = "VK_KHR_portability_subset";

    /** Bytes that go to the device's own memory at a time. */
    private static final long STAGING_BYTES = 16L << 20;

    private final DeviceFacts facts;
    private final LiveObjects live;
    private final VkDevice handle;
    private final int queueFamily;
    private final QueueThread queue;
    private final DeviceMemory memory;
    private final Pace paceOfOne;
    private final Pace paceOfSeveral;
    private final Map<Kernel.Source, Kernel> kernels = new HashMap<>();

    VulkanDevice(PhysicalDevice physical, LiveObjects live) {
        this.facts = physical.facts();
        this.live = live;
        this.queueFamily = physical.computeFamily();
        try (var stack = MemoryStack.stackPush()) {
            var queues = VkDeviceQueueCreateInfo.calloc(1, stack)
                    .sType$Default()
                    .queueFamilyIndex(queueFamily)
                    .pQueuePriorities(stack.floats(0.5f));
            var info = VkDeviceCreateInfo.calloc(stack).sType$Default().pQueueCreateInfos(queues);
            PointerBuffer names = stack.mallocPointer(2);
            if (physical.extensions().contains(PORTABILITY_SUBSET)) {
                names.put(stack.UTF8(PORTABILITY_SUBSET));
            }
            if (facts.integerDots() != DeviceFacts.IntegerDots.ABSENT) {
                names.put(stack.UTF8(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME));
                info.pNext(VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR.calloc(stack)
                        .sType$Default()
                        .shaderIntegerDotProduct(true));
            }
            info.ppEnabledExtensionNames(names.flip());
            PointerBuffer pointer = stack.mallocPointer(1);
            check(vkCreateDevice(physical.handle(), info, null, pointer), "opening " + facts.name());
            handle = new VkDevice(pointer.get(0), physical.handle(), info);
        }
        live.made("device");
        memory = new DeviceMemory(handle, facts.kind(), live);
        queue = new QueueThread(handle, queueFamily, live);
        paceOfOne = new Pace(facts.kind() != DeviceKind.CPU);
        paceOfSeveral = new Pace(facts.kind() != DeviceKind.CPU);
    }

    public DeviceFacts facts() {
        return facts;
    }

    /** The objects of this device's instance that are still alive. */
    public LiveObjects live() {
        return live;
    }

    VkDevice handle() {
        return handle;
    }

    int queueFamily() {
        return queueFamily;
    }

    /** The pace of steps: those of one token read as many weights for less work. */
    Pace pace(int tokens) {
        return tokens == 1 ? paceOfOne : paceOfSeveral;
    }

    QueueThread queue() {
        return queue;
    }

    /** The kernel of a source, compiled when first asked for and kept. */
    Kernel kernel(Kernel.Source source) {
        synchronized (kernels) {
            return kernels.computeIfAbsent(source, s -> new Kernel(handle, live, s));
        }
    }

    DeviceBuffer buffer(long bytes, DeviceMemory.Place place) {
        return texels(bytes, place, VK_FORMAT_UNDEFINED);
    }

    /** A buffer that kernels can also read as texels. */
    DeviceBuffer texels(long bytes, DeviceMemory.Place place, int format) {
        return new DeviceBuffer(handle, memory, live, Math.max(16, (bytes + 15) / 16 * 16), place, format);
    }

    /** A buffer in device memory with every byte zero. */
    DeviceBuffer zeroed(long bytes) {
        return zeroedTexels(bytes, VK_FORMAT_UNDEFINED);
    }

    DeviceBuffer zeroedTexels(long bytes, int format) {
        var buffer = texels(bytes, DeviceMemory.Place.DEVICE, format);
        try (var sequence = new CommandSequence(this)) {
            sequence.zero(buffer).end().run();
        }
        return buffer;
    }

    /** Fills a buffer that lives in device memory from {@code from} on with what {@code fill} writes, all of it. */
    void upload(DeviceBuffer to, long from, long bytes, Consumer<MemorySegment> fill) {
        if (to.isMapped()) {
            fill.accept(to.mapped().asSlice(from, bytes));
            return;
        }
        try (var staging = buffer(bytes, DeviceMemory.Place.UPLOAD);
                var sequence = new CommandSequence(this)) {
            fill.accept(staging.mapped().asSlice(0, bytes));
            sequence.copy(staging, 0, to, from, bytes).end().run();
        }
    }

    /** Fills pieces of a buffer, {@code bytesEach} at each of the offsets, from the host's memory where they lie one by one. */
    void upload(DeviceBuffer to, long[] offsets, long bytesEach, MemorySegment from) {
        if (to.isMapped()) {
            for (int i = 0; i < offsets.length; i++) {
                to.mapped().asSlice(offsets[i], bytesEach).copyFrom(from.asSlice(i * bytesEach, bytesEach));
            }
            return;
        }
        int atOnce = (int) Math.max(1, STAGING_BYTES / bytesEach);
        for (int first = 0; first < offsets.length; first += atOnce) {
            int count = Math.min(atOnce, offsets.length - first);
            try (var staging = buffer(count * bytesEach, DeviceMemory.Place.UPLOAD);
                    var sequence = new CommandSequence(this)) {
                MemorySegment.copy(from, first * bytesEach, staging.mapped(), 0, count * bytesEach);
                for (int i = 0; i < count; i++) {
                    sequence.copy(staging, i * bytesEach, to, offsets[first + i], bytesEach);
                }
                sequence.end().run();
            }
        }
    }

    /** The other way round. */
    void download(DeviceBuffer from, long[] offsets, long bytesEach, MemorySegment to) {
        if (from.isMapped()) {
            for (int i = 0; i < offsets.length; i++) {
                to.asSlice(i * bytesEach, bytesEach).copyFrom(from.mapped().asSlice(offsets[i], bytesEach));
            }
            return;
        }
        int atOnce = (int) Math.max(1, STAGING_BYTES / bytesEach);
        for (int first = 0; first < offsets.length; first += atOnce) {
            int count = Math.min(atOnce, offsets.length - first);
            try (var staging = buffer(count * bytesEach, DeviceMemory.Place.READBACK);
                    var sequence = new CommandSequence(this)) {
                for (int i = 0; i < count; i++) {
                    sequence.copy(from, offsets[first + i], staging, i * bytesEach, bytesEach);
                }
                sequence.barrierToHost().end().run();
                MemorySegment.copy(staging.mapped(), 0, to, first * bytesEach, count * bytesEach);
            }
        }
    }

    /** Bytes to give to {@link #upload} at a time. */
    static long stagingBytes() {
        return STAGING_BYTES;
    }

    @Override
    public void close() {
        queue.close();
        synchronized (kernels) {
            kernels.values().forEach(Kernel::close);
            kernels.clear();
        }
        memory.close();
        vkDestroyDevice(handle, null);
        live.freed("device");
    }
}
