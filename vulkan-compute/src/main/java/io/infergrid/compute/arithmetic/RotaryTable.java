package io.infergrid.compute.arithmetic;

/**
 * Cosines and sines of the rotary position embedding: computed in double by {@link StrictMath}, which every JVM computes
 * alike, rounded once, and uploaded to devices.
 *
 * @param pairs rotated pairs of a head
 * @param cos [positions][pairs]
 * @param sin [positions][pairs]
 */
public record RotaryTable(int pairs, float[] cos, float[] sin) {

    /**
     * The table for {@code positions} positions from {@code firstPosition} on.
     *
     * @param dimensions rotated elements of a head, even
     * @param base e.g. 10000
     * @param factors [dimensions / 2], each frequency is divided by its factor (Llama 3.1's long contexts); empty for none
     */
    public static RotaryTable of(int firstPosition, int positions, int dimensions, float base, float[] factors) {
        int pairs = dimensions / 2;
        if (factors.length != 0 && factors.length != pairs) {
            throw new IllegalArgumentException("expected " + pairs + " rotary factors, found " + factors.length);
        }
        var cos = new float[positions * pairs];
        var sin = new float[positions * pairs];
        for (int i = 0; i < pairs; i++) {
            double frequency = StrictMath.pow(base, -2.0 * i / dimensions);
            if (factors.length != 0) {
                frequency = frequency / factors[i];
            }
            for (int p = 0; p < positions; p++) {
                double angle = (firstPosition + p) * frequency;
                cos[p * pairs + i] = (float) StrictMath.cos(angle);
                sin[p * pairs + i] = (float) StrictMath.sin(angle);
            }
        }
        return new RotaryTable(pairs, cos, sin);
    }

    /** Rotates one head {@code x[from .. from + headDimension)} in place for the table's row {@code position}. */
    public void rotate(float[] x, int from, int position, boolean neox) {
        for (int i = 0; i < pairs; i++) {
            int first = from + (neox ? i : 2 * i);
            int second = neox ? first + pairs : first + 1;
            float c = cos[position * pairs + i];
            float s = sin[position * pairs + i];
            float a = x[first];
            float b = x[second];
            x[first] = Ig1.flush(a * c - b * s);
            x[second] = Ig1.flush(a * s + b * c);
        }
    }
}
