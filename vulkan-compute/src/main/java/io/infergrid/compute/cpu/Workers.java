package io.infergrid.compute.cpu;

import io.infergrid.compute.gguf.GgufException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A few platform threads that share one piece of work after another. Pieces follow each other within microseconds while a
 * token is computed, so an idle worker spins for a little before it parks. Indices are handed out in runs, and a piece is
 * done when its indices are: a worker that another program keeps off its core is not waited for.
 *
 * <p>{@link #forEach} is called by one thread at a time, which takes part in the work as worker 0.
 */
final class Workers implements AutoCloseable {

    /** Part of a piece of work: the indices {@code [from, to)}; {@code worker} picks scratch memory. */
    interface Task {
        void run(int worker, int from, int to);
    }

    // some tens of microseconds: longer than the serial steps between two pieces, shorter than two wake-ups
    private static final int SPINS = 4_000;

    private static final int RUNS_PER_WORKER = 6;

    private final Thread[] threads;
    private volatile Piece current = new Piece((worker, from, to) -> {}, 0, 1, Thread.currentThread());
    private volatile boolean closed;

    /** @param size workers, the calling thread among them */
    Workers(int size) {
        threads = new Thread[size - 1];
        for (int i = 0; i < threads.length; i++) {
            int worker = i + 1;
            threads[i] =
                    Thread.ofPlatform().daemon().name("infergrid-cpu-" + worker).unstarted(() -> work(worker));
        }
        for (Thread thread : threads) {
            thread.start();
        }
    }

    int size() {
        return threads.length + 1;
    }

    /** Runs the task over {@code [0, count)}, in runs of at least {@code grain} indices but for the last. */
    void forEach(int count, int grain, Task task) {
        if (threads.length == 0 || count <= grain) {
            task.run(0, 0, count);
            return;
        }
        int run = Math.max(grain, count / (size() * RUNS_PER_WORKER));
        var piece = new Piece(task, count, run, Thread.currentThread());
        current = piece;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        piece.drain(0);
        piece.await();
    }

    private void work(int worker) {
        Piece seen = current;
        seen.drain(worker);
        while (!closed) {
            seen = awaitNext(seen);
            seen.drain(worker);
        }
    }

    private Piece awaitNext(Piece seen) {
        for (int spins = 0; ; spins++) {
            Piece now = current;
            if (now != seen || closed) {
                return now;
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }

    /** One call of {@link #forEach}; a worker that comes late finds no index left in it. */
    private static final class Piece {
        private final Task task;
        private final int count;
        private final int run;
        private final Thread caller;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Piece(Task task, int count, int run, Thread caller) {
            this.task = task;
            this.count = count;
            this.run = run;
            this.caller = caller;
        }

        void drain(int worker) {
            int from;
            while ((from = next.getAndAdd(run)) < count) {
                int to = Math.min(count, from + run);
                try {
                    task.run(worker, from, to);
                } catch (Throwable thrown) {
                    failure.compareAndSet(null, thrown);
                }
                if (done.addAndGet(to - from) == count) {
                    LockSupport.unpark(caller);
                }
            }
        }

        void await() {
            for (int spins = 0; done.get() < count; spins++) {
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            Throwable thrown = failure.get();
            if (thrown instanceof GgufException refused) {
                throw refused; // a bad weight, whichever worker has found it
            }
            if (thrown != null) {
                throw new IllegalStateException("a worker of the CPU backend failed: " + thrown, thrown);
            }
        }
    }
}
