package io.infergrid.compute.vulkan;

/**
 * How much work one submission to a device may have. A card that draws a desktop computes nothing else while a dispatch runs, and
 * a driver's watchdog ends one that runs too long; so what would take longer than 50 ms is cut. The device's speed is seen from
 * the submissions themselves, and assumed low until then. Thread-safe.
 */
final class Pace {

    /** What a card of a few years ago does, in multiply-adds of a matrix a second. */
    private static final double ASSUMED_PER_SECOND = 20e9;

    private static final double SECONDS = 0.05;

    /** Submissions with less work than this say more of their overhead than of the device. */
    private static final long WORK_THAT_TELLS = 50_000_000;

    /** A new figure weighs as much as the mean of those before it. */
    private static final double WEIGHT = 0.5;

    /** For work that is short. */
    static final Pace UNLIMITED = new Pace(false);

    private final boolean limited;
    private double perSecond = ASSUMED_PER_SECOND;

    /** @param limited false for a driver on the processor, which the system shares out as it likes */
    Pace(boolean limited) {
        this.limited = limited;
    }

    /** Takes note of how long a submission took. */
    synchronized void saw(long work, long nanos) {
        if (work >= WORK_THAT_TELLS && nanos > 0) {
            double seen = work * 1e9 / nanos;
            // one slow submission is believed at once, fast ones only together
            perSecond = seen < perSecond ? seen : perSecond + WEIGHT * (seen - perSecond);
        }
    }

    /** Multiply-adds of a submission, a power of two so that it seldom changes. */
    synchronized long mostWork() {
        return limited ? Math.max(1, Long.highestOneBit((long) (perSecond * SECONDS))) : Long.MAX_VALUE;
    }
}
