package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.Stage.Work;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.batching.ChunkBudget;
import io.infergrid.grid.batching.Priority;
import io.infergrid.grid.batching.StepQueue;
import io.infergrid.grid.batching.StepQueue.Share;
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
 * is computed the next one gathers; nobody waits for a batch to fill. {@link StepQueue} says who is in it; long steps are computed in
 * parts.
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

    /**
     * For whom a step is computed.
     *
     * @param peer who asked for the session; peers have equal shares
     */
    record Caller(Object peer, Priority priority) {}

    /** One session's step: what the engine computes, on which stage, and whether anybody still wants it. */
    private static final class Step {
        private final Stage stage;
        private final Caller caller;
        private final BooleanSupplier over;
        private final PartedWork work;
        private final CompletableFuture<Computed> result = new CompletableFuture<>();
        private long nanos;
        private long share;

        Step(Stage stage, Work work, Caller caller, BooleanSupplier over) {
            this.stage = stage;
            this.work = new PartedWork(work);
            this.caller = caller;
            this.over = over;
        }

        boolean unwanted() {
            return result.isDone() || over.getAsBoolean();
        }
    }

    private static final class Traits implements StepQueue.Traits<Step> {
        @Override
        public Object stage(Step step) {
            return step.stage;
        }

        @Override
        public Object peer(Step step) {
            return step.caller.peer();
        }

        @Override
        public Priority priority(Step step) {
            return step.caller.priority();
        }

        @Override
        public int positions(Step step) {
            return step.work.left();
        }
    }

    /** Longest that a batch with tokens that somebody watches may take because of prompts beside them. */
    private static final long TARGET_NANOS = Duration.ofMillis(100).toNanos();

    private final GridMetrics metrics;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    /** Guarded by {@link #lock}, as the steps. */
    private final ArrayDeque<FutureTask<?>> tasks = new ArrayDeque<>();

    private final StepQueue<Step> steps;
    /** Used by the engine's thread. */
    private final ChunkBudget budget;

    private volatile boolean closed;
    private volatile int dutyPercent = 100;

    public EngineThread(GridMetrics metrics) {
        this(metrics, StepQueue.Limits.DEFAULT);
    }

    EngineThread(GridMetrics metrics, StepQueue.Limits limits) {
        this.metrics = metrics;
        steps = new StepQueue<>(limits, new Traits());
        budget = new ChunkBudget(limits.positions(), TARGET_NANOS);
        thread = Thread.ofPlatform().name("engine").daemon().start(this::work);
    }

    private void work() {
        try {
            while (true) {
                FutureTask<?> task = null;
                List<Share<Step>> batch = List.of();
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
                        batch = next();
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
        step.result.cancel(false);
        return true;
    }

    /** The next batch; what is left of a step that is in it in part waits until that part is computed. */
    private List<Share<Step>> next() {
        return steps.next(budget.positions());
    }

    private void compute(List<Share<Step>> batch) {
        try {
            long start = System.nanoTime();
            List<StageOutput> outputs = batch.getFirst()
                    .step()
                    .stage
                    .forward(batch.stream()
                            .map(share -> share.step().work.next(share.positions()))
                            .toList());
            long nanos = System.nanoTime() - start;
            int positions = batch.stream().mapToInt(Share::positions).sum();
            budget.measured(positions, nanos, batch.stream().anyMatch(EngineThread::watched));
            metrics.count("stage.batches");
            metrics.add("stage.batches.sessions", batch.size());
            metrics.add("stage.batches.positions", positions);
            metrics.add("stage.compute.micros", nanos / 1000);
            for (int i = 0; i < batch.size(); i++) {
                Step step = batch.get(i).step();
                step.nanos += nanos;
                step.share += nanos * batch.get(i).positions() / positions;
                step.work.computed(batch.get(i).positions(), outputs.get(i));
                if (step.work.left() == 0) {
                    step.result.complete(new Computed(step.work.output(), step.nanos, step.share));
                }
            }
        } catch (IllegalArgumentException | CacheFullException refused) {
            // no session has moved: whoever is at fault finds out alone
            if (batch.size() == 1) {
                batch.getFirst().step().result.completeExceptionally(refused);
            } else {
                batch.forEach(step -> compute(List.of(step)));
            }
        } catch (RuntimeException | Error broken) {
            batch.forEach(share -> share.step().result.completeExceptionally(broken));
        }
    }

    private static boolean watched(Share<Step> share) {
        return share.step().work.positions() == 1 && share.step().caller.priority() == Priority.INTERACTIVE;
    }

    /**
     * Computes one session's step, in a batch with others that wait for the same stage, and waits for it.
     *
     * @param over whether the session has ended; its step is dropped then
     * @throws RuntimeException what the engine threw
     * @throws IllegalStateException if the engine is closed or the session is over
     */
    Computed step(Stage stage, Work work, Caller caller, BooleanSupplier over) throws InterruptedException {
        var step = new Step(stage, work, caller, over);
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
            return step.result.get();
        } catch (ExecutionException e) {
            throw failure(e);
        } catch (CancellationException e) {
            throw closed();
        } finally {
            step.result.cancel(false); // when interrupted, nobody waits any more
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
            steps.removeIf(step -> step.result.cancel(false) || step.result.isDone());
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
