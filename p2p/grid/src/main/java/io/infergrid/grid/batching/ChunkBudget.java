package io.infergrid.grid.batching;

/**
 * How many positions a batch may have, learned from how long batches take: while somebody watches tokens come, chunks of prompts beside them
 * are cut so that a batch stays within a target time; while nobody does, batches are as long as the limits allow. A batch is taken to
 * cost a fixed time (reading the weights) and a time for each position; both are the line through recent measurements, in which each new
 * one counts for a sixteenth. Not thread-safe.
 */
public final class ChunkBudget {

    /** Beneath this a chunk costs nearly as much as a token, and prompts would take for ever. */
    static final int LEAST = 16;

    /** Batches after the last single token for which somebody is taken to watch: a token goes through the other stages meanwhile. */
    private static final int WATCHED_FOR = 8;

    private static final double KEPT = 15.0 / 16;

    private final int most;
    private final long targetNanos;
    private int watched;
    // sums over measurements with weights that fade: of 1, x, t, x*x, x*t
    private double n;
    private double x;
    private double t;
    private double xx;
    private double xt;

    /**
     * @param most positions of a batch that nobody watches
     * @param targetNanos that a batch may take beside tokens that somebody watches
     */
    public ChunkBudget(int most, long targetNanos) {
        if (most < 1 || targetNanos < 1) {
            throw new IllegalArgumentException(
                    "expected room for positions and a positive target, found " + most + " and " + targetNanos + " ns");
        }
        this.most = most;
        this.targetNanos = targetNanos;
    }

    /**
     * A batch was computed.
     *
     * @param tokens whether there were single tokens in it that somebody watches
     */
    public void measured(int positions, long nanos, boolean tokens) {
        watched = tokens ? WATCHED_FOR : Math.max(0, watched - 1);
        n = n * KEPT + 1;
        x = x * KEPT + positions;
        t = t * KEPT + nanos;
        xx = xx * KEPT + (double) positions * positions;
        xt = xt * KEPT + (double) positions * nanos;
    }

    /** Nanoseconds that a batch of so many positions is expected to take; 0 before anything was measured. */
    public double expectedNanos(int positions) {
        return n == 0 ? 0 : fixed() + positions * each();
    }

    /** Most positions of the next batch. */
    public int positions() {
        if (watched == 0 || n == 0) {
            return most;
        }
        // a token may always take twice its own time, however slow the device is
        double target = Math.max(targetNanos, 2 * expectedNanos(1));
        double room = each() > 0 ? (target - fixed()) / each() : most;
        return (int) Math.clamp(room, Math.min(LEAST, most), most);
    }

    private double each() {
        double variance = n * xx - x * x;
        // all batches were alike: what a position costs is not known, at most the whole
        if (variance < 1e-9 * xx * n) {
            return t / Math.max(1, x);
        }
        return Math.max(0, (n * xt - x * t) / variance);
    }

    private double fixed() {
        return Math.max(0, (t - each() * x) / n);
    }
}
