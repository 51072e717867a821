package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.VK12.*;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkFenceCreateInfo;
import org.lwjgl.vulkan.VkQueue;
import org.lwjgl.vulkan.VkSubmitInfo;

/** The one platform thread that submits to a device's queue and waits for it; callers block until their work is done. */
final class QueueThread implements AutoCloseable {

    private final VkDevice device;
    private final VkQueue queue;
    private final LiveObjects live;
    private final long fence;
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Thread thread;
    private final LongAdder submissions = new LongAdder();
    private final AtomicInteger injected = new AtomicInteger(VK_SUCCESS);
    private volatile boolean closed;

    QueueThread(VkDevice device, int family, LiveObjects live) {
        this.device = device;
        this.live = live;
        try (var stack = MemoryStack.stackPush()) {
            PointerBuffer pointer = stack.mallocPointer(1);
            vkGetDeviceQueue(device, family, 0, pointer);
            queue = new VkQueue(pointer.get(0), device);
            var handle = stack.mallocLong(1);
            check(
                    vkCreateFence(device, VkFenceCreateInfo.calloc(stack).sType$Default(), null, handle),
                    "vkCreateFence");
            fence = handle.get(0);
        }
        live.made("fence");
        thread = Thread.ofPlatform().name("vulkan-queue").daemon(true).start(this::run);
    }

    private void run() {
        try {
            // close() adds a last, empty task after it has set the flag
            while (!closed || !tasks.isEmpty()) {
                tasks.take().run();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(
                    "expected the queue's thread to be stopped by close, found it interrupted", e);
        }
    }

    /**
     * Submits a command buffer and returns when the device has finished it.
     *
     * @return nanoseconds that it took
     */
    long submit(long commandBuffer) {
        var task = new FutureTask<Long>(() -> submitAndWait(commandBuffer));
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("expected an open device, found it closed");
            }
            tasks.add(task);
        }
        return await(task);
    }

    private long submitAndWait(long commandBuffer) {
        long start = System.nanoTime();
        submissions.increment();
        int lost = injected.getAndSet(VK_SUCCESS);
        check(lost, "vkQueueSubmit");
        try (var stack = MemoryStack.stackPush()) {
            var info = VkSubmitInfo.calloc(stack).sType$Default().pCommandBuffers(stack.pointers(commandBuffer));
            check(vkQueueSubmit(queue, info, fence), "vkQueueSubmit");
            check(vkWaitForFences(device, fence, true, Long.MAX_VALUE), "vkWaitForFences");
            check(vkResetFences(device, fence), "vkResetFences");
        }
        return System.nanoTime() - start;
    }

    /** Command buffers that were submitted. */
    long submissions() {
        return submissions.sum();
    }

    /** Makes the next submission fail with a result of Vulkan: how tests lose a device. */
    void failNext(int result) {
        injected.set(result);
    }

    /** Waits even if interrupted: the device may still read what the caller would free. */
    private static long await(FutureTask<Long> task) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof VulkanException failure) {
                        throw failure;
                    }
                    throw new VulkanException("the device's queue failed: " + e.getCause(), e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            tasks.add(() -> {});
        }
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        vkDestroyFence(device, fence, null);
        live.freed("fence");
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
