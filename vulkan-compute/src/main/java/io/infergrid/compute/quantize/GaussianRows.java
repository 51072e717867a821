package io.infergrid.compute.quantize;

/**
 * Rows of approximately normal numbers, each row computable by itself: the sum of four uniform 16-bit numbers from a
 * SplitMix64 that starts at a hash of (seed, tensor, row).
 */
final class GaussianRows {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /** Of the sum of four uniform 16-bit numbers: mean, and standard deviation 65536 / sqrt(3). */
    private static final float MEAN = 4 * 65535 / 2f;

    private static final float DEVIATION = 37837.227f;

    private final long start;
    private final int columns;
    private final float factor;

    GaussianRows(long seed, int tensor, long columns, float deviation) {
        start = mix(mix(seed) + tensor);
        this.columns = Math.toIntExact(columns);
        factor = deviation / DEVIATION;
    }

    void read(long row, float[] target, int from) {
        long state = mix(start ^ row);
        for (int i = 0; i < columns; i++) {
            state += GOLDEN;
            long bits = mix(state);
            long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
            target[from + i] = (sum - MEAN) * factor;
        }
    }

    /** The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
