package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.VK12.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryAllocateInfo;
import org.lwjgl.vulkan.VkMemoryRequirements;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;

/**
 * Device memory in slices of large blocks, because drivers allow few allocations. First fit, free neighbours join, an empty
 * block goes back to the driver. Host-visible blocks stay mapped. Thread-safe.
 */
final class DeviceMemory implements AutoCloseable {

    private static final long BLOCK_BYTES = 64L << 20;
    /** Covers every vendor's offset alignments, and keeps neighbours out of one another's cache lines. */
    private static final long ALIGNMENT = 256;

    private static final int MAPPED = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

    /** Where a buffer should live. */
    enum Place {
        /** Fast for kernels; mapped only where the device shares the host's memory. */
        DEVICE,
        /** Written by the host. */
        UPLOAD,
        /** Read by the host. */
        READBACK
    }

    /** Part of a block. {@code address} is where the host sees it, or 0. */
    record Slice(Block block, long offset, long bytes, long address) {}

    private final VkDevice device;
    private final DeviceKind kind;
    private final LiveObjects live;
    private final VkPhysicalDeviceMemoryProperties properties;
    private final List<Block> blocks = new ArrayList<>();
    private long allocatedBytes;
    private long limitBytes = Long.MAX_VALUE;

    DeviceMemory(VkDevice device, DeviceKind kind, LiveObjects live) {
        this.device = device;
        this.kind = kind;
        this.live = live;
        properties = VkPhysicalDeviceMemoryProperties.calloc();
        vkGetPhysicalDeviceMemoryProperties(device.getPhysicalDevice(), properties);
    }

    /**
     * @throws VulkanException if no memory of the kind is left
     */
    synchronized Slice allocate(VkMemoryRequirements requirements, Place place) {
        int type = memoryType(requirements.memoryTypeBits(), place);
        long alignment = Math.max(ALIGNMENT, requirements.alignment());
        long bytes = (requirements.size() + alignment - 1) / alignment * alignment;
        for (Block block : blocks) {
            if (block.type == type) {
                long offset = block.take(bytes, alignment);
                if (offset >= 0) {
                    return block.slice(offset, bytes);
                }
            }
        }
        long blockBytes = Math.max(Math.min(BLOCK_BYTES, limitBytes - allocatedBytes), bytes);
        if (blockBytes > limitBytes - allocatedBytes) {
            throw new VulkanException("expected to stay within a limit of " + limitBytes
                    + " bytes of device memory, found " + allocatedBytes + " in use and " + bytes + " more needed");
        }
        var block = new Block(type, blockBytes);
        blocks.add(block);
        return block.slice(block.take(bytes, alignment), bytes);
    }

    synchronized void free(Slice slice) {
        slice.block.giveBack(slice.offset, slice.bytes);
        if (slice.block.isEmpty()) {
            blocks.remove(slice.block);
            slice.block.close();
        }
    }

    /** Bytes that the driver has given. */
    synchronized long allocatedBytes() {
        return allocatedBytes;
    }

    synchronized long limitBytes() {
        return limitBytes;
    }

    /** The most that may be taken of the device's memory; what is taken already stays. */
    synchronized void limit(long bytes) {
        limitBytes = bytes;
    }

    private int memoryType(int allowed, Place place) {
        int wanted = switch (place) {
            case DEVICE -> VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | (kind.sharesHostMemory() ? MAPPED : 0);
            case UPLOAD -> MAPPED;
            case READBACK -> MAPPED | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
        };
        int needed = place == Place.DEVICE ? 0 : MAPPED;
        int best = -1;
        int bestScore = -1;
        for (int i = 0; i < properties.memoryTypeCount(); i++) {
            int flags = properties.memoryTypes(i).propertyFlags();
            if ((allowed & 1 << i) == 0 || (flags & needed) != needed) {
                continue;
            }
            // every wanted property counts much, every other one counts a little against
            int score = 16 * Integer.bitCount(flags & wanted) + 8 - Integer.bitCount(flags & ~wanted);
            if (score > bestScore) {
                best = i;
                bestScore = score;
            }
        }
        if (best < 0) {
            throw new VulkanException("expected a memory type for " + place + ", found none");
        }
        return best;
    }

    @Override
    public synchronized void close() {
        blocks.forEach(Block::close);
        blocks.clear();
        properties.free();
    }

    /** One allocation of the driver. */
    private final class Block {

        private final int type;
        private final long bytes;
        private final long memory;
        private final long address;
        // offset to bytes
        private final TreeMap<Long, Long> free = new TreeMap<>();

        Block(int type, long bytes) {
            this.type = type;
            this.bytes = bytes;
            try (var stack = MemoryStack.stackPush()) {
                var info = VkMemoryAllocateInfo.calloc(stack)
                        .sType$Default()
                        .allocationSize(bytes)
                        .memoryTypeIndex(type);
                var handle = stack.mallocLong(1);
                check(vkAllocateMemory(device, info, null, handle), "allocating " + bytes + " bytes of device memory");
                memory = handle.get(0);
                live.made("memory");
                allocatedBytes += bytes;
                address = (properties.memoryTypes(type).propertyFlags() & MAPPED) == MAPPED ? map(stack) : 0;
            }
            free.put(0L, bytes);
        }

        private long map(MemoryStack stack) {
            PointerBuffer pointer = stack.mallocPointer(1);
            check(vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, pointer), "vkMapMemory");
            return pointer.get(0);
        }

        /** The offset of {@code wanted} free bytes, or -1. */
        long take(long wanted, long alignment) {
            for (Map.Entry<Long, Long> entry : free.entrySet()) {
                long start = entry.getKey();
                long end = start + entry.getValue();
                long offset = (start + alignment - 1) / alignment * alignment;
                if (offset + wanted <= end) {
                    cut(start, offset, offset + wanted, end);
                    return offset;
                }
            }
            return -1;
        }

        /** Takes [from, to) out of the free range [start, end). */
        private void cut(long start, long from, long to, long end) {
            free.remove(start);
            if (from > start) {
                free.put(start, from - start);
            }
            if (end > to) {
                free.put(to, end - to);
            }
        }

        void giveBack(long offset, long size) {
            long start = offset;
            long end = offset + size;
            var before = free.floorEntry(offset);
            if (before != null && before.getKey() + before.getValue() == offset) {
                start = before.getKey();
            }
            Long after = free.remove(end);
            if (after != null) {
                end += after;
            }
            free.put(start, end - start);
        }

        boolean isEmpty() {
            return Long.valueOf(bytes).equals(free.get(0L));
        }

        Slice slice(long offset, long size) {
            return new Slice(this, offset, size, address == 0 ? 0 : address + offset);
        }

        void close() {
            vkFreeMemory(device, memory, null);
            allocatedBytes -= bytes;
            live.freed("memory");
        }
    }

    static long memory(Slice slice) {
        return slice.block.memory;
    }
}
