package io.infergrid.grid.pipeline;

import java.time.Duration;

/** Moving average of the time that one token takes somewhere: each new value counts for an eighth. Thread-safe. */
public final class StepTime {

    private long nanos;

    public synchronized void measured(long newNanos) {
        nanos = nanos == 0 ? newNanos : nanos + (newNanos - nanos) / 8;
    }

    /** Zero before the first value. */
    public synchronized Duration average() {
        return Duration.ofNanos(nanos);
    }
}
