package io.infergrid.grid.pipeline;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.batching.CacheBudget;
import io.infergrid.grid.batching.CacheBudget.Answer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The memory for keys and values that this node's sessions share: lets them in by {@link CacheBudget}, waits for a while where there is no
 * room now, and has the engine put away what idles. Thread-safe.
 */
final class CacheRoom {

    /**
     * For how long things wait.
     *
     * @param admission that a new session waits for room before it is refused
     * @param comeback that a suspended session waits for room before it ends
     * @param suspendAfter idle time of a session before it is put away for another
     */
    record Patience(Duration admission, Duration comeback, Duration suspendAfter) {

        static final Patience DEFAULT =
                new Patience(Duration.ofSeconds(2), Duration.ofSeconds(15), Duration.ofSeconds(2));
    }

    /** Suspended sessions may take so many times the memory of those that are not, on the disk or in the host's memory. */
    private static final int SUSPENDED_TIMES = 4;

    /** What ends a wait may have come without a word: an idle session becomes old enough. */
    private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(100).toNanos();

    /** There was no room for long enough. */
    static final class NoRoom extends Exception {
        private static final long serialVersionUID = 1;

        NoRoom(String message) {
            super(message, null, false, false);
        }
    }

    private final EngineThread engine;
    private final Patience patience;
    private final LongSupplier nanoTime;
    private final GridMetrics metrics;
    private final CacheBudget<ServedSession> budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    private int waiting;

    CacheRoom(long bytes, EngineThread engine, Patience patience, LongSupplier nanoTime, GridMetrics metrics) {
        this.engine = engine;
        this.patience = patience;
        this.nanoTime = nanoTime;
        this.metrics = metrics;
        long suspended = bytes > Long.MAX_VALUE / SUSPENDED_TIMES ? Long.MAX_VALUE : bytes * SUSPENDED_TIMES;
        budget = new CacheBudget<>(bytes, suspended, patience.suspendAfter().toNanos());
    }

    /**
     * Makes room for a new session, at most what its positions take.
     *
     * @param mostWaiting sessions that may wait for room at once
     * @throws NoRoom with what there is room for
     */
    void admit(ServedSession session, int mostWaiting) throws NoRoom, InterruptedException {
        long bytes = session.cacheBytes();
        ask(
                () -> budget.admit(session, bytes, nanoTime.getAsLong()),
                patience.admission(),
                session::isOver,
                mostWaiting,
                free -> "expected a session within the " + free
                        + " bytes of keys and values that are free now, found one of "
                        + bytes + " (" + session.open().maxPositions() + " positions); ask for at most "
                        + session.stage().positionsWithin(free) + " positions, or again in a few seconds");
    }

    /** The session is about to be computed: brings it back if it was put away. */
    void enter(ServedSession session) throws NoRoom, InterruptedException {
        ask(
                () -> budget.step(session, nanoTime.getAsLong()),
                patience.comeback(),
                session::isOver,
                Integer.MAX_VALUE,
                free -> "expected room for a session that idled and was put away, found only " + free
                        + " bytes free; open it again");
    }

    void leave(ServedSession session) {
        lock.lock();
        try {
            budget.stepDone(session, nanoTime.getAsLong());
            if (waiting > 0) {
                freed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The session has ended; does nothing if it was never let in. */
    void release(ServedSession session) {
        lock.lock();
        try {
            budget.release(session);
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private interface Question {
        Answer<ServedSession> ask();
    }

    private void ask(
            Question question, Duration limit, BooleanSupplier over, int mostWaiting, Function<Long, String> refusal)
            throws NoRoom, InterruptedException {
        List<ServedSession> suspend;
        lock.lockInterruptibly();
        try {
            suspend = answer(question, limit, over, mostWaiting, refusal);
        } finally {
            lock.unlock();
        }
        if (!suspend.isEmpty()) {
            metrics.add("stage.sessions.suspended", suspend.size());
            engine.run(() -> {
                suspend.forEach(ServedSession::suspend);
                return true;
            });
        }
    }

    private List<ServedSession> answer(
            Question question, Duration limit, BooleanSupplier over, int mostWaiting, Function<Long, String> refusal)
            throws NoRoom, InterruptedException {
        long left = limit.toNanos();
        while (true) {
            switch (question.ask()) {
                case Answer.Granted<ServedSession>(var suspend) -> {
                    return suspend;
                }
                case Answer.TooLarge<ServedSession>(var all) -> throw new NoRoom(refusal.apply(all));
                case Answer.Full<ServedSession>(var free) -> {
                    if (left <= 0 || over.getAsBoolean() || waiting >= mostWaiting) {
                        throw new NoRoom(refusal.apply(free));
                    }
                }
            }
            waiting++;
            try {
                long step = Math.min(left, LOOK_AGAIN_NANOS);
                left -= step - Math.max(0, freed.awaitNanos(step));
            } finally {
                waiting--;
            }
        }
    }

    long residentBytes() {
        lock.lock();
        try {
            return budget.residentBytes();
        } finally {
            lock.unlock();
        }
    }
}
