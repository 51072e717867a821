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

    private final PhysicalDevice physical;
    private final DeviceFacts facts;
    private final LiveObjects live;
    private final VkDevice handle;
    private final int queueFamily;
    private final QueueThread queue;
    private final DeviceMemory memory;
    private final Pace paceOfOne;
    private final Pace paceOfSeveral;
    private final Map<Kernel.Source, Kernel> kernels = new HashMap<>();
    private int stages;
    private boolean retired;
    private boolean staging;

    VulkanDevice(PhysicalDevice physical, LiveObjects live) {
        this.physical = physical;
        this.facts = physical.facts();
        this.live = live;
        this.queueFamily = physical.computeFamily();
        try (var stack = MemoryStack.stackPush()) {
            var queues = VkDeviceQueueCreateInfo.calloc(1, stack)
                    .sType$Default()
                    .queueFamilyIndex(queueFamily)
                    .pQueuePriorities(stack.floats(0.5f));
            var info = VkDeviceCreateInfo.calloc(stack).sType$Default().pQueueCreateInfos(queues);
            PointerBuffer names = stack.mallocPointer(2 + CooperativeMatrices.EXTENSIONS.size());
            if (physical.extensions().contains(PORTABILITY_SUBSET)) {
                names.put(stack.UTF8(PORTABILITY_SUBSET));
            }
            if (facts.integerDots() != DeviceFacts.IntegerDots.ABSENT) {
                names.put(stack.UTF8(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME));
                info.pNext(VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR.calloc(stack)
                        .sType$Default()
                        .shaderIntegerDotProduct(true));
            }
            if (facts.matrixTiles() != MatrixTiles.NONE) {
                CooperativeMatrices.EXTENSIONS.forEach(name -> names.put(stack.UTF8(name)));
                CooperativeMatrices.enable(info, stack);
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

    /**
     * Bytes of the device's memory that can still be taken: what the driver says (VK_EXT_memory_budget), or what is left of its
     * heap; a driver on the processor has no heap of its own. Never more than {@link #limitMemory} leaves.
     */
    public long freeBytes() {
        long allocated = memory.allocatedBytes();
        long told = physical.freeBytes();
        long free = told >= 0
                ? told
                : facts.kind() == DeviceKind.CPU ? Long.MAX_VALUE : facts.deviceMemoryBytes() - allocated;
        return Math.max(0, Math.min(free, memory.limitBytes() - allocated));
    }

    /** Sets the most that this process takes of the device's memory; what it has taken already stays. */
    public void limitMemory(long bytes) {
        memory.limit(bytes);
    }

    long memoryLimit() {
        return memory.limitBytes();
    }

    /** Counts a stage that has memory here. */
    synchronized void use() {
        if (retired) {
            throw new VulkanException("expected a device that is in use, found one that was given up");
        }
        stages++;
    }

    /** The opposite; a device that was given up closes with its last stage. */
    void release() {
        boolean last;
        synchronized (this) {
            stages--;
            last = retired && stages == 0;
        }
        if (last) {
            close();
        }
    }

    /** Gives a lost device up: it is closed as soon as no stage has memory here. */
    void retire() {
        boolean last;
        synchronized (this) {
            last = !retired && stages == 0;
            retired = true;
        }
        if (last) {
            close();
        }
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

    /** Whether the host reads and writes a buffer itself. */
    private boolean isReached(DeviceBuffer buffer) {
        return buffer.isMapped() && !staging;
    }

    /** Makes transfers go through a staging buffer where the host could do without, as on a card: for tests. */
    void stageTransfers() {
        staging = true;
    }

    /** Fills a buffer that lives in device memory from {@code from} on with what {@code fill} writes, all of it. */
    void upload(DeviceBuffer to, long from, long bytes, Consumer<MemorySegment> fill) {
        if (isReached(to)) {
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
        if (isReached(to)) {
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
        if (isReached(from)) {
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
