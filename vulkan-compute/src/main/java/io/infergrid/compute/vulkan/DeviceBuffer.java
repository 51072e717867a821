package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.VK12.*;

import java.lang.foreign.MemorySegment;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCreateInfo;
import org.lwjgl.vulkan.VkBufferViewCreateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryRequirements;

/** A buffer with its memory, and a texel view if it was made for one. */
final class DeviceBuffer implements AutoCloseable {

    private static final int USAGE = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
            | VK_BUFFER_USAGE_TRANSFER_SRC_BIT
            | VK_BUFFER_USAGE_TRANSFER_DST_BIT
            | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT;

    private final VkDevice device;
    private final DeviceMemory memory;
    private final LiveObjects live;
    private final DeviceMemory.Slice slice;
    private final long bytes;
    private final long handle;
    private final long view;
    private boolean closed;

    /** @param texelFormat of the view, or {@code VK_FORMAT_UNDEFINED} for none */
    DeviceBuffer(
            VkDevice device,
            DeviceMemory memory,
            LiveObjects live,
            long bytes,
            DeviceMemory.Place place,
            int texelFormat) {
        this.device = device;
        this.memory = memory;
        this.live = live;
        this.bytes = bytes;
        boolean texels = texelFormat != VK_FORMAT_UNDEFINED;
        try (var stack = MemoryStack.stackPush()) {
            var info = VkBufferCreateInfo.calloc(stack)
                    .sType$Default()
                    .size(bytes)
                    .usage(USAGE | (texels ? VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT : 0));
            var pointer = stack.mallocLong(1);
            check(vkCreateBuffer(device, info, null, pointer), "creating a buffer of " + bytes + " bytes");
            handle = pointer.get(0);
            live.made("buffer");
            var requirements = VkMemoryRequirements.calloc(stack);
            vkGetBufferMemoryRequirements(device, handle, requirements);
            try {
                slice = memory.allocate(requirements, place);
            } catch (VulkanException e) {
                vkDestroyBuffer(device, handle, null);
                live.freed("buffer");
                throw e;
            }
            check(vkBindBufferMemory(device, handle, DeviceMemory.memory(slice), slice.offset()), "vkBindBufferMemory");
            if (texels) {
                var viewInfo = VkBufferViewCreateInfo.calloc(stack)
                        .sType$Default()
                        .buffer(handle)
                        .format(texelFormat)
                        .range(VK_WHOLE_SIZE);
                check(vkCreateBufferView(device, viewInfo, null, pointer), "vkCreateBufferView");
                view = pointer.get(0);
                live.made("buffer view");
            } else {
                view = 0;
            }
        }
    }

    long handle() {
        return handle;
    }

    long view() {
        return view;
    }

    long bytes() {
        return bytes;
    }

    boolean isMapped() {
        return slice.address() != 0;
    }

    /** The buffer as the host sees it. */
    MemorySegment mapped() {
        if (!isMapped()) {
            throw new IllegalStateException("expected a mapped buffer, found one in device memory");
        }
        return MemorySegment.ofAddress(slice.address()).reinterpret(bytes);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (view != 0) {
            vkDestroyBufferView(device, view, null);
            live.freed("buffer view");
        }
        vkDestroyBuffer(device, handle, null);
        live.freed("buffer");
        memory.free(slice);
    }
}
