package io.infergrid.compute.quantize;

/** The sixteen values that four bits stand for in IQ4_NL and IQ4_XS. */
final class NonLinear {

    static final int LEAST = -127;
    static final int MOST = 113;

    private static final int[] VALUES = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Steps of the table of nearest values to one. */
    private static final int FINE = 4;

    private static final byte[] NEAREST = nearest();

    private NonLinear() {}

    static int value(int index) {
        return VALUES[index];
    }

    /** Index of the value nearest to {@code x}, to a quarter. */
    static int nearest(float x) {
        return NEAREST[ScaleFit.round(x * FINE, LEAST * FINE, MOST * FINE) - LEAST * FINE];
    }

    private static byte[] nearest() {
        var nearest = new byte[(MOST - LEAST) * FINE + 1];
        int index = 0;
        for (int i = 0; i < nearest.length; i++) {
            int x = i + LEAST * FINE;
            while (index < 15 && 2 * x > FINE * (VALUES[index] + VALUES[index + 1])) {
                index++;
            }
            nearest[i] = (byte) index;
        }
        return nearest;
    }
}
