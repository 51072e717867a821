package io.infergrid.app.rig;

import java.time.Duration;
import java.util.ArrayDeque;

/** Tokens per second over the last moments, of all answers together. Thread-safe. */
final class TokenRate {

    private final long spanNanos;
    private final ArrayDeque<Long> times = new ArrayDeque<>();

    TokenRate(Duration span) {
        this.spanNanos = span.toNanos();
    }

    synchronized void token() {
        long now = System.nanoTime();
        times.addLast(now);
        forget(now);
    }

    synchronized double now() {
        long now = System.nanoTime();
        forget(now);
        if (times.size() < 2) {
            return 0;
        }
        // while tokens still come, over the time that they took; after the last one it falls to 0 over the span
        long from = times.getFirst();
        return (times.size() - 1) * 1e9 / Math.max(now - from, 1);
    }

    private void forget(long now) {
        while (!times.isEmpty() && now - times.getFirst() > spanNanos) {
            times.removeFirst();
        }
    }
}
