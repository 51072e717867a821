package io.infergrid.libp2p.kad;

import java.util.function.LongSupplier;

/** Lets so many requests a second through, with bursts of ten times as many. Thread-safe. */
final class Pace {

    private static final int BURST = 10;

    private final double perNano;
    private final double burst;
    private final LongSupplier nanos;
    private double tokens;
    private long at;

    Pace(int perSecond, LongSupplier nanos) {
        perNano = perSecond / 1e9;
        burst = (double) perSecond * BURST;
        this.nanos = nanos;
        tokens = burst;
        at = nanos.getAsLong();
    }

    /** Takes a place for one request and returns how many nanoseconds it has to wait, zero for not at all. */
    synchronized long take() {
        long now = nanos.getAsLong();
        tokens = Math.min(burst, tokens + (now - at) * perNano) - 1;
        at = now;
        return tokens >= 0 ? 0 : (long) (-tokens / perNano);
    }
}
