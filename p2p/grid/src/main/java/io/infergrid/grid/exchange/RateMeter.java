package io.infergrid.grid.exchange;

import java.util.function.LongSupplier;

/** Bytes a second over the last few seconds. Thread-safe. */
final class RateMeter {

    private static final long BIN_NANOS = 500_000_000;
    private static final int BINS = 10;

    private final LongSupplier nanos;
    private final long[] bins = new long[BINS];
    private final long start;
    private long bin;
    private long total;

    RateMeter(LongSupplier nanos) {
        this.nanos = nanos;
        start = nanos.getAsLong();
    }

    synchronized void add(long bytes) {
        advance();
        bins[(int) (bin % BINS)] += bytes;
        total += bytes;
    }

    /** Over the last five seconds, or since the start if that is less. */
    synchronized long bytesPerSecond() {
        advance();
        long sum = 0;
        for (long bytes : bins) {
            sum += bytes;
        }
        long elapsed = nanos.getAsLong() - start;
        long inBin = elapsed - bin * BIN_NANOS;
        long span = Math.min(elapsed, (BINS - 1) * BIN_NANOS + inBin);
        return span < BIN_NANOS / 5 ? 0 : (long) (sum * 1e9 / span);
    }

    synchronized long total() {
        return total;
    }

    private void advance() {
        long now = (nanos.getAsLong() - start) / BIN_NANOS;
        if (now - bin >= BINS) {
            java.util.Arrays.fill(bins, 0);
            bin = now;
        }
        while (bin < now) {
            bin++;
            bins[(int) (bin % BINS)] = 0;
        }
    }
}
