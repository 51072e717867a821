package io.infergrid.app.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Ctrl-C and SIGTERM as a question that long work asks: while one of these is open, an end from outside sets {@link
 * #requested} and waits up to 15 s for the command to unwind, so that it can leave nothing behind.
 */
final class Interruption implements AutoCloseable {

    private static final long UNWIND_SECONDS = 15;

    private final CountDownLatch unwound = new CountDownLatch(1);
    private final Thread worker = Thread.currentThread();
    private final boolean wakesTheWorker;
    private final Thread hook = new Thread(this::ended, "interruption");
    private volatile boolean requested;

    private Interruption(boolean wakesTheWorker) {
        this.wakesTheWorker = wakesTheWorker;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** For work that asks {@link #requested} often. */
    static Interruption asked() {
        return new Interruption(false);
    }

    /** For work that waits: the thread that opens this is interrupted. */
    static Interruption waking() {
        return new Interruption(true);
    }

    BooleanSupplier requested() {
        return () -> requested;
    }

    /** Throws {@link Interrupted} if the end was asked for. */
    void check() {
        if (requested) {
            throw new Interrupted();
        }
    }

    private void ended() {
        requested = true;
        if (wakesTheWorker) {
            worker.interrupt();
        }
        try {
            unwound.await(UNWIND_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        unwound.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the end has begun meanwhile; the hook finds the latch open
            }
        }
    }

    /** The user asked for the end. */
    static final class Interrupted extends RuntimeException {

        private static final long serialVersionUID = 1;

        Interrupted() {
            super("interrupted");
        }
    }
}
