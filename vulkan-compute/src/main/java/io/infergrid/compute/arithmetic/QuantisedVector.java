package io.infergrid.compute.arithmetic;

/**
 * An activation vector in the form that quantised weights are multiplied with: int8 in blocks of 32, one binary32 scale a
 * block.
 *
 * @param values [n], each in [-127, 127]
 * @param scales [n / 32]
 */
public record QuantisedVector(byte[] values, float[] scales) {

    public static final int BLOCK = 32;

    /** The largest integer of a block: the element of largest magnitude becomes this or its negative. */
    private static final float LIMIT = 127f;

    private static final float ONE_OVER_LIMIT = (float) (1.0 / 127);

    /**
     * Quantises {@code x[from .. from + n)}.
     *
     * @param n a multiple of 32
     */
    public static QuantisedVector of(float[] x, int from, int n) {
        if (n % BLOCK != 0) {
            throw new IllegalArgumentException("expected a multiple of " + BLOCK + " elements, found " + n);
        }
        var values = new byte[n];
        var scales = new float[n / BLOCK];
        for (int block = 0; block < scales.length; block++) {
            scales[block] = quantise(x, from + block * BLOCK, values, block * BLOCK);
        }
        return new QuantisedVector(values, scales);
    }

    /** Quantises one block of 32 and returns its scale. */
    private static float quantise(float[] x, int from, byte[] values, int valuesFrom) {
        float largest = 0f;
        for (int i = 0; i < BLOCK; i++) {
            largest = Math.max(largest, Math.abs(x[from + i]));
        }
        if (largest < Ig1.QUANTISE_FLOOR) {
            return 0f;
        }
        float inverse = LIMIT * Ig1.recip(largest);
        for (int i = 0; i < BLOCK; i++) {
            float rounded = Ig1.rint(x[from + i] * inverse);
            values[valuesFrom + i] = (byte) Math.clamp(rounded, -LIMIT, LIMIT);
        }
        return largest * ONE_OVER_LIMIT;
    }
}
