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
        return of(firstPosition, positions, frequencies(dimensions, base, factors), 1.0);
    }

    /**
     * The table for given frequencies.
     *
     * @param frequencies [pairs], radians a position
     * @param growth by how much the rotation lengthens a vector; 1 for a mere rotation
     */
    public static RotaryTable of(int firstPosition, int positions, double[] frequencies, double growth) {
        int pairs = frequencies.length;
        var cos = new float[Math.multiplyExact(positions, pairs)];
        var sin = new float[positions * pairs];
        for (int i = 0; i < pairs; i++) {
            for (int p = 0; p < positions; p++) {
                double angle = (firstPosition + p) * frequencies[i];
                cos[p * pairs + i] = (float) (StrictMath.cos(angle) * growth);
                sin[p * pairs + i] = (float) (StrictMath.sin(angle) * growth);
            }
        }
        return new RotaryTable(pairs, cos, sin);
    }

    /** {@code base^(-2i / dimensions)} for each pair, divided by its factor if there are any. */
    public static double[] frequencies(int dimensions, float base, float[] factors) {
        int pairs = dimensions / 2;
        if (factors.length != 0 && factors.length != pairs) {
            throw new IllegalArgumentException("expected " + pairs + " rotary factors, found " + factors.length);
        }
        var frequencies = new double[pairs];
        for (int i = 0; i < pairs; i++) {
            frequencies[i] = StrictMath.pow(base, -2.0 * i / dimensions);
            if (factors.length != 0) {
                frequencies[i] = frequencies[i] / factors[i];
            }
        }
        return frequencies;
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
