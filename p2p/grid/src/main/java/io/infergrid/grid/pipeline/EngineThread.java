package io.infergrid.grid.pipeline;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that computes. Work is done in the order in which it came; each session has at most one piece of work in
 * the queue, of at most one chunk, so all sessions move on in turn.
 */
public final class EngineThread implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EngineThread.class);

    private final LinkedBlockingQueue<FutureTask<?>> queue = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    public EngineThread() {
        thread = Thread.ofPlatform().name("engine").daemon().start(this::work);
    }

    private void work() {
        try {
            while (!closed || !queue.isEmpty()) {
                queue.take().run();
            }
        } catch (InterruptedException stop) {
            // close() settles what is left
        }
    }

    /**
     * Runs {@code work} on the engine thread and waits for it.
     *
     * @throws RuntimeException what the work threw
     * @throws IllegalStateException if the engine is closed
     */
    public <T> T run(Callable<T> work) throws InterruptedException {
        var task = new FutureTask<>(work);
        queue.add(task);
        if (closed) {
            task.cancel(false);
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new IllegalStateException("the engine failed: " + e.getCause(), e.getCause());
        } catch (CancellationException e) {
            throw new IllegalStateException("expected a running engine, found it closed", e);
        }
    }

    /** Runs {@code work} behind what is in the queue, without waiting; at once if the engine has ended. */
    public void later(Runnable work) {
        var task = new FutureTask<>(() -> {
            try {
                work.run();
            } catch (RuntimeException failed) {
                LOG.warn("work on the engine thread failed", failed);
            }
            return true;
        });
        queue.add(task);
        if (!thread.isAlive() && queue.remove(task)) {
            task.run();
        }
    }

    /** Ends after the work in hand, within a few seconds. */
    @Override
    public void close() {
        closed = true;
        try {
            queue.add(new FutureTask<>(() -> null)); // wakes it
            if (!thread.join(Duration.ofSeconds(5))) {
                thread.interrupt();
                thread.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
        // what is left is cleaning up, and work whose sessions are over; under a thread that hangs in a driver nothing
        // may be freed
        boolean hangs = thread.isAlive();
        for (FutureTask<?> left; (left = queue.poll()) != null; ) {
            if (hangs) {
                left.cancel(false);
            } else {
                left.run();
            }
        }
    }
}
