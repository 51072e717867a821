package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.VK12.*;

import java.util.ArrayList;
import java.util.List;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;
import org.lwjgl.vulkan.VkCommandBuffer;
import org.lwjgl.vulkan.VkCommandBufferAllocateInfo;
import org.lwjgl.vulkan.VkCommandBufferBeginInfo;
import org.lwjgl.vulkan.VkCommandPoolCreateInfo;
import org.lwjgl.vulkan.VkDescriptorBufferInfo;
import org.lwjgl.vulkan.VkDescriptorPoolCreateInfo;
import org.lwjgl.vulkan.VkDescriptorPoolSize;
import org.lwjgl.vulkan.VkDescriptorSetAllocateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryBarrier;
import org.lwjgl.vulkan.VkWriteDescriptorSet;

/**
 * Dispatches and copies that are recorded once and run as often as wanted. Recorded, run and closed by one thread at a
 * time.
 */
final class CommandSequence implements AutoCloseable {

    private static final int SETS_PER_POOL = 64;
    private static final int DESCRIPTORS_PER_SET = 8;

    private final VulkanDevice owner;
    private final VkDevice device;
    private final LiveObjects live;
    private final long commandPool;
    private final List<Long> descriptorPools = new ArrayList<>();
    private final List<VkCommandBuffer> commandBuffers = new ArrayList<>();
    private int setsLeft;
    private VkCommandBuffer current;
    private final Pace pace;
    private final long mostWork;
    private final int tokens;
    private final List<Work> work = new ArrayList<>();

    /** What a command buffer does, in multiply-adds, if all tokens that it was recorded for are there. */
    private static final class Work {

        private long matrices;
        private final List<Piece> attention = new ArrayList<>();

        /** Most that it can be. */
        long most() {
            return matrices + attention.stream().mapToLong(Piece::most).sum();
        }

        long of(int chunks) {
            return matrices
                    + attention.stream().mapToLong(piece -> piece.of(chunks)).sum();
        }
    }

    private record Piece(AttentionPieces cut, int index) {

        long most() {
            return cut.chunksEach() * cut.workOfChunk();
        }

        long of(int chunks) {
            return cut.chunksOf(index, chunks) * cut.workOfChunk();
        }
    }

    CommandSequence(VulkanDevice owner) {
        this(owner, Pace.UNLIMITED, Long.MAX_VALUE, 1);
    }

    /**
     * @param pace hears how long submissions took
     * @param mostWork multiply-adds of a submission, see {@link #dispatch(Kernel, long, int, int, List, int...)}
     * @param tokens that the sequence is recorded for
     */
    CommandSequence(VulkanDevice owner, Pace pace, long mostWork, int tokens) {
        this.tokens = tokens;
        this.pace = pace;
        this.mostWork = mostWork;
        this.owner = owner;
        this.device = owner.handle();
        this.live = owner.live();
        try (var stack = MemoryStack.stackPush()) {
            var info = VkCommandPoolCreateInfo.calloc(stack).sType$Default().queueFamilyIndex(owner.queueFamily());
            var pointer = stack.mallocLong(1);
            check(vkCreateCommandPool(device, info, null, pointer), "vkCreateCommandPool");
            commandPool = pointer.get(0);
        }
        live.made("command pool");
        current = begin();
    }

    private VkCommandBuffer begin() {
        try (var stack = MemoryStack.stackPush()) {
            var info = VkCommandBufferAllocateInfo.calloc(stack)
                    .sType$Default()
                    .commandPool(commandPool)
                    .commandBufferCount(1);
            PointerBuffer pointer = stack.mallocPointer(1);
            check(vkAllocateCommandBuffers(device, info, pointer), "vkAllocateCommandBuffers");
            var buffer = new VkCommandBuffer(pointer.get(0), device);
            check(
                    vkBeginCommandBuffer(
                            buffer, VkCommandBufferBeginInfo.calloc(stack).sType$Default()),
                    "vkBeginCommandBuffer");
            commandBuffers.add(buffer);
            work.add(new Work());
            return buffer;
        }
    }

    /**
     * Ends a submission here and starts another: a driver's watchdog counts the time of one, and the desktop gets its turn
     * between two.
     */
    CommandSequence cut() {
        check(vkEndCommandBuffer(current), "vkEndCommandBuffer");
        current = begin();
        return this;
    }

    /** Runs a kernel over x * y * z work groups. The push words are ints, or floats as raw bits. */
    CommandSequence dispatch(Kernel kernel, int x, int y, int z, List<DeviceBuffer> bindings, int... push) {
        bind(kernel, bindings, push);
        vkCmdDispatch(current, x, y, z);
        return this;
    }

    /**
     * Runs a kernel over x * y work groups that do {@code each} multiply-adds in each column of y; cuts submissions before, and
     * between columns, so that none has more than the sequence's most.
     */
    CommandSequence dispatch(Kernel kernel, long each, int x, int y, List<DeviceBuffer> bindings, int... push) {
        for (int from = 0; from < x; ) {
            long left = leftFor(each);
            int columns = (int) Math.clamp(left / Math.max(1, each), 1, x - from);
            bind(kernel, bindings, push);
            vkCmdDispatchBase(current, from, 0, 0, columns, y, 1);
            work.getLast().matrices += columns * each;
            from += columns;
        }
        return this;
    }

    /** Work that the submission has room for, a new one if it has none for {@code least}. */
    private long leftFor(long least) {
        long done = work.getLast().most();
        if (done > 0 && least > mostWork - done) {
            cut();
            done = 0;
        }
        return mostWork - done;
    }

    /** Runs a kernel over as many work groups as {@code groups} has for a piece of attention when the sequence runs. */
    CommandSequence dispatchIndirect(
            Kernel kernel,
            AttentionPieces cut,
            int index,
            DeviceBuffer groups,
            List<DeviceBuffer> bindings,
            int... push) {
        var piece = new Piece(cut, index);
        leftFor(piece.most());
        bind(kernel, bindings, push);
        vkCmdDispatchIndirect(current, groups.handle(), AttentionPieces.offset(index));
        work.getLast().attention.add(piece);
        return this;
    }

    private void bind(Kernel kernel, List<DeviceBuffer> bindings, int... push) {
        var source = kernel.source();
        if (bindings.size() != source.bindings().length() || push.length != source.pushWords()) {
            throw new IllegalArgumentException("kernel " + source.name() + ": expected "
                    + source.bindings().length() + " buffers and " + source.pushWords() + " words, found "
                    + bindings.size() + " and " + push.length);
        }
        try (var stack = MemoryStack.stackPush()) {
            long set = descriptorSet(kernel, stack);
            var writes = VkWriteDescriptorSet.calloc(bindings.size(), stack);
            for (int i = 0; i < bindings.size(); i++) {
                var buffer = bindings.get(i);
                var write = writes.get(i)
                        .sType$Default()
                        .dstSet(set)
                        .dstBinding(i)
                        .descriptorCount(1)
                        .descriptorType(kernel.descriptorType(i));
                if (kernel.descriptorType(i) == VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER) {
                    write.pTexelBufferView(stack.longs(buffer.view()));
                } else {
                    write.pBufferInfo(VkDescriptorBufferInfo.calloc(1, stack)
                            .buffer(buffer.handle())
                            .range(VK_WHOLE_SIZE));
                }
            }
            vkUpdateDescriptorSets(device, writes, null);
            vkCmdBindPipeline(current, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.pipeline());
            vkCmdBindDescriptorSets(
                    current, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.layout(), 0, stack.longs(set), null);
            if (push.length > 0) {
                vkCmdPushConstants(current, kernel.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, push);
            }
        }
    }

    private long descriptorSet(Kernel kernel, MemoryStack stack) {
        if (setsLeft == 0) {
            var sizes = VkDescriptorPoolSize.calloc(2, stack);
            sizes.get(0).type(VK_DESCRIPTOR_TYPE_STORAGE_BUFFER).descriptorCount(SETS_PER_POOL * DESCRIPTORS_PER_SET);
            sizes.get(1)
                    .type(VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER)
                    .descriptorCount(SETS_PER_POOL * DESCRIPTORS_PER_SET);
            var info = VkDescriptorPoolCreateInfo.calloc(stack)
                    .sType$Default()
                    .maxSets(SETS_PER_POOL)
                    .pPoolSizes(sizes);
            var pointer = stack.mallocLong(1);
            check(vkCreateDescriptorPool(device, info, null, pointer), "vkCreateDescriptorPool");
            descriptorPools.add(pointer.get(0));
            live.made("descriptor pool");
            setsLeft = SETS_PER_POOL;
        }
        setsLeft--;
        var info = VkDescriptorSetAllocateInfo.calloc(stack)
                .sType$Default()
                .descriptorPool(descriptorPools.getLast())
                .pSetLayouts(stack.longs(kernel.setLayout()));
        var pointer = stack.mallocLong(1);
        check(vkAllocateDescriptorSets(device, info, pointer), "vkAllocateDescriptorSets");
        return pointer.get(0);
    }

    /** What comes after sees what kernels and copies before have written. */
    CommandSequence barrier() {
        int stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
        return barrier(
                stages,
                VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                stages,
                VK_ACCESS_SHADER_READ_BIT
                        | VK_ACCESS_SHADER_WRITE_BIT
                        | VK_ACCESS_TRANSFER_READ_BIT
                        | VK_ACCESS_TRANSFER_WRITE_BIT);
    }

    /** The host sees what copies before have written, once the sequence has run. */
    CommandSequence barrierToHost() {
        return barrier(
                VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                VK_PIPELINE_STAGE_HOST_BIT,
                VK_ACCESS_HOST_READ_BIT);
    }

    private CommandSequence barrier(int fromStages, int fromAccess, int toStages, int toAccess) {
        try (var stack = MemoryStack.stackPush()) {
            var barrier = VkMemoryBarrier.calloc(1, stack)
                    .sType$Default()
                    .srcAccessMask(fromAccess)
                    .dstAccessMask(toAccess);
            vkCmdPipelineBarrier(current, fromStages, toStages, 0, barrier, null, null);
        }
        return this;
    }

    CommandSequence copy(DeviceBuffer from, long fromOffset, DeviceBuffer to, long toOffset, long bytes) {
        try (var stack = MemoryStack.stackPush()) {
            var region = VkBufferCopy.calloc(1, stack)
                    .srcOffset(fromOffset)
                    .dstOffset(toOffset)
                    .size(bytes);
            vkCmdCopyBuffer(current, from.handle(), to.handle(), region);
        }
        return this;
    }

    CommandSequence zero(DeviceBuffer buffer) {
        vkCmdFillBuffer(current, buffer.handle(), 0, VK_WHOLE_SIZE, 0);
        return this;
    }

    /** No more can be recorded; the sequence can run. */
    CommandSequence end() {
        check(vkEndCommandBuffer(current), "vkEndCommandBuffer");
        return this;
    }

    long mostWork() {
        return mostWork;
    }

    /** Submissions that a run takes. */
    int submissions() {
        return commandBuffers.size();
    }

    /** Runs a sequence without attention, for all its tokens. */
    void run() {
        run(tokens, 0);
    }

    /**
     * Runs the sequence and returns when the device has finished. Submissions go one by one: another stage's may come between,
     * and so may the desktop's.
     *
     * @param count tokens there are of those that it was recorded for
     * @param chunks of positions that attention goes over
     */
    void run(int count, int chunks) {
        for (int i = 0; i < commandBuffers.size(); i++) {
            long nanos = owner.queue().submit(commandBuffers.get(i).address());
            pace.saw(work.get(i).of(chunks) / tokens * count, nanos);
        }
    }

    @Override
    public void close() {
        for (long pool : descriptorPools) {
            vkDestroyDescriptorPool(device, pool, null);
            live.freed("descriptor pool");
        }
        vkDestroyCommandPool(device, commandPool, null);
        live.freed("command pool");
    }
}
