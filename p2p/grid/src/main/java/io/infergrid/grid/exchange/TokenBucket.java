package io.infergrid.grid.exchange;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A rate limit over many streams: whoever sent or received so many bytes waits as long as this says. Over any span of time no more than
 * rate times span, and a tenth of a second's burst, goes through. Thread-safe.
 */
final class TokenBucket {

    private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final double SECOND = 1e9;

    private final long bytesPerSecond;
    private final LongSupplier nanos;
    /** When all that was let through is paid for. */
    private long paidAt;

    /**
     * @param bytesPerSecond 0 for no limit
     * @param nanos a clock like {@link System#nanoTime}
     */
    TokenBucket(long bytesPerSecond, LongSupplier nanos) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanos = nanos;
        paidAt = nanos.getAsLong() - BURST_NANOS;
    }

    /** Takes so many bytes and says how long to wait for them, in nanoseconds; they are taken whether or not one waits. */
    synchronized long reserve(long bytes) {
        if (bytesPerSecond <= 0) {
            return 0;
        }
        long now = nanos.getAsLong();
        paidAt = Math.max(paidAt, now - BURST_NANOS) + (long) (bytes * SECOND / bytesPerSecond);
        return Math.max(0, paidAt - now);
    }

    /** Takes so many bytes and waits for them. */
    void take(long bytes) throws InterruptedException {
        long wait = reserve(bytes);
        if (wait > 0) {
            TimeUnit.NANOSECONDS.sleep(wait);
        }
    }
}
