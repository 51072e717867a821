package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.Stage.Work;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.grid.GridMetrics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that computes. Steps of sessions that wait at the same time and are of the same stage are computed together (continuous
 * batching): the weights are read once for all of them, and IG1 gives each session the bytes that it would have alone. While one batch
 * is computed the next one gathers; nobody waits for a batch to fill.
 *
 * <p>Everything else, such as opening and freeing caches, is done in the order in which it came, before the steps that wait.
 */
public final class EngineThread implements AutoCloseable {

    /** However long a batch took, nobody waits longer for the next because of the duty. */
    private static final Duration LONGEST_REST = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(EngineThread.class);

    /**
     * A step that was computed.
     *
     * @param nanos that the engine took for the batch it was in
     * @param share of these that are this step's, by positions
     */
    record Computed(StageOutput output, long nanos, long share) {}

    /** One session's step: what the engine computes, on which stage, and whether anybody still wants it. */
    private record Step(Stage stage, Work work, BooleanSupplier over, CompletableFuture<Computed> result) {

        int positions() {
            return work.input().positions();
        }

        boolean unwanted() {
            return result.isDone() || over.getAsBoolean();
        }
    }

    private final GridMetrics metrics;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    /** Guarded by {@link #lock}, as the steps. */
    private final ArrayDeque<FutureTask<?>> tasks = new ArrayDeque<>();

    private final StepQueue<Step> steps;
    private volatile boolean closed;
    private volatile int dutyPercent = 100;

    public EngineThread(GridMetrics metrics) {
        this(metrics, StepQueue.Limits.DEFAULT);
    }

    EngineThread(GridMetrics metrics, StepQueue.Limits limits) {
        this.metrics = metrics;
        steps = new StepQueue<>(limits, Step::stage, Step::positions);
        thread = Thread.ofPlatform().name("engine").daemon().start(this::work);
    }

    private void work() {
        try {
            while (true) {
                FutureTask<?> task = null;
                List<Step> batch = List.of();
                lock.lockInterruptibly();
                try {
                    while (tasks.isEmpty() && steps.isEmpty()) {
                        if (closed) {
                            return;
                        }
                        more.await();
                    }
                    task = tasks.poll();
                    if (task == null) {
                        steps.removeIf(EngineThread::dropIfUnwanted);
                        batch = steps.next();
                    }
                } finally {
                    lock.unlock();
                }
                if (task != null) {
                    task.run();
                } else if (!batch.isEmpty()) {
                    long start = System.nanoTime();
                    compute(batch);
                    rest(System.nanoTime() - start);
                }
            }
        } catch (InterruptedException stop) {
            // close() settles what is left
        }
    }

    /** Lets the device rest between two batches, so that it computes this part of the time at most; from the next batch on. */
    public void duty(int percent) {
        if (percent < 1 || percent > 100) {
            throw new IllegalArgumentException("expected a duty of 1 to 100 percent, found " + percent);
        }
        dutyPercent = percent;
    }

    private void rest(long worked) throws InterruptedException {
        int duty = dutyPercent;
        if (duty < 100 && !closed) {
            long nanos = Math.min(worked * (100 - duty) / duty, LONGEST_REST.toNanos());
            TimeUnit.NANOSECONDS.sleep(nanos);
        }
    }

    /** A session that is over may have no cache any more: its cache is freed on this thread, behind the end. */
    private static boolean dropIfUnwanted(Step step) {
        if (!step.unwanted()) {
            return false;
        }
        step.result().cancel(false);
        return true;
    }

    private void compute(List<Step> batch) {
        try {
            long start = System.nanoTime();
            List<StageOutput> outputs = batch.getFirst()
                    .stage()
                    .forward(batch.stream().map(Step::work).toList());
            long nanos = System.nanoTime() - start;
            long positions = batch.stream().mapToLong(Step::positions).sum();
            metrics.count("stage.batches");
            metrics.add("stage.batches.sessions", batch.size());
            metrics.add("stage.compute.micros", nanos / 1000);
            for (int i = 0; i < batch.size(); i++) {
                Step step = batch.get(i);
                step.result().complete(new Computed(outputs.get(i), nanos, nanos * step.positions() / positions));
            }
        } catch (IllegalArgumentException | CacheFullException refused) {
            // no session has moved: whoever is at fault finds out alone
            if (batch.size() == 1) {
                batch.getFirst().result().completeExceptionally(refused);
            } else {
                batch.forEach(step -> compute(List.of(step)));
            }
        } catch (RuntimeException | Error broken) {
            batch.forEach(step -> step.result().completeExceptionally(broken));
        }
    }

    /**
     * Computes one session's step, in a batch with others that wait for the same stage, and waits for it.
     *
     * @param over whether the session has ended; its step is dropped then
     * @throws RuntimeException what the engine threw
     * @throws IllegalStateException if the engine is closed or the session is over
     */
    Computed step(Stage stage, Work work, BooleanSupplier over) throws InterruptedException {
        var step = new Step(stage, work, over, new CompletableFuture<>());
        lock.lock();
        try {
            if (closed) {
                throw closed();
            }
            steps.add(step);
            more.signal();
        } finally {
            lock.unlock();
        }
        try {
            return step.result().get();
        } catch (ExecutionException e) {
            throw failure(e);
        } catch (CancellationException e) {
            throw closed();
        } finally {
            step.result().cancel(false); // when interrupted, nobody waits any more
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
        if (!add(task)) {
            throw closed();
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw failure(e);
        } catch (CancellationException e) {
            throw closed();
        }
    }

    /** Steps that wait now. */
    int waiting() {
        lock.lock();
        try {
            return steps.size();
        } finally {
            lock.unlock();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("expected a running engine, found it closed");
    }

    private static RuntimeException failure(ExecutionException e) {
        return e.getCause() instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException("the engine failed: " + e.getCause(), e.getCause());
    }

    /** False if the engine takes nothing any more. */
    private boolean add(FutureTask<?> task) {
        lock.lock();
        try {
            if (closed && !thread.isAlive()) {
                return false;
            }
            tasks.add(task);
            more.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Runs {@code work} behind the work in hand, without waiting; at once if the engine has ended. */
    public void later(Runnable work) {
        var task = new FutureTask<>(() -> {
            try {
                work.run();
            } catch (RuntimeException failed) {
                LOG.warn("work on the engine thread failed", failed);
            }
            return true;
        });
        if (!add(task) || (!thread.isAlive() && remove(task))) {
            task.run();
        }
    }

    private boolean remove(FutureTask<?> task) {
        lock.lock();
        try {
            return tasks.remove(task);
        } finally {
            lock.unlock();
        }
    }

    /** Ends after the work in hand, within a few seconds. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            steps.removeIf(step -> step.result().cancel(false) || step.result().isDone());
            more.signal();
        } finally {
            lock.unlock();
        }
        try {
            if (!thread.join(Duration.ofSeconds(5))) {
                thread.interrupt();
                thread.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
        // what is left is cleaning up; under a thread that hangs in a driver nothing may be freed
        boolean hangs = thread.isAlive();
        for (FutureTask<?> left; (left = pollTask()) != null; ) {
            if (hangs) {
                left.cancel(false);
            } else {
                left.run();
            }
        }
    }

    private @Nullable FutureTask<?> pollTask() {
        lock.lock();
        try {
            return tasks.poll();
        } finally {
            lock.unlock();
        }
    }
}
