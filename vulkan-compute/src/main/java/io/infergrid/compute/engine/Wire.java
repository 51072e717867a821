package io.infergrid.compute.engine;

import io.infergrid.compute.arithmetic.Ig1;

/** Boundary activations between their wire form (little-endian halves) and floats. */
public final class Wire {

    private Wire() {}

    /** The activations of one position of a boundary. */
    public static float[] read(Boundary boundary, int position) {
        var x = new float[boundary.dimension()];
        byte[] wire = boundary.wire();
        for (int i = 0; i < x.length; i++) {
            int at = (position * x.length + i) * 2;
            x[i] = Ig1.fromHalf((short) ((wire[at] & 0xff) | wire[at + 1] << 8));
        }
        return x;
    }

    /** Writes one position's activations, rounded to halves. */
    public static void write(float[] x, byte[] wire, int position) {
        for (int i = 0; i < x.length; i++) {
            short half = Ig1.toHalf(x[i]);
            int at = (position * x.length + i) * 2;
            wire[at] = (byte) half;
            wire[at + 1] = (byte) (half >> 8);
        }
    }
}
