package io.infergrid.compute.arithmetic;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Rows of weights as a GGUF stores them, multiplied with an activation vector. Offsets are bytes into the tensor's data;
 * rows are contiguous.
 */
public final class WeightRows {

    private static final int BLOCK = QuantisedVector.BLOCK;
    private static final int Q8_0_BYTES = 2 + 32;
    private static final int Q4_0_BYTES = 2 + 16;

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private WeightRows() {}

    /** One output of a Q8_0 matrix: sum32 over blocks of {@code dot * (weightScale * activationScale)}. */
    public static float timesQ8_0(MemorySegment weights, long row, QuantisedVector x) {
        int blocks = x.scales().length;
        var terms = new float[blocks];
        for (int b = 0; b < blocks; b++) {
            long at = row + (long) b * Q8_0_BYTES;
            terms[b] = term(dotQ8_0(weights, at + 2, x.values(), b * BLOCK), weights.get(HALF, at), x.scales()[b]);
        }
        return Ig1.sum32(terms, 0, blocks);
    }

    /** One output of a Q4_0 matrix. */
    public static float timesQ4_0(MemorySegment weights, long row, QuantisedVector x) {
        int blocks = x.scales().length;
        var terms = new float[blocks];
        for (int b = 0; b < blocks; b++) {
            long at = row + (long) b * Q4_0_BYTES;
            terms[b] = term(dotQ4_0(weights, at + 2, x.values(), b * BLOCK), weights.get(HALF, at), x.scales()[b]);
        }
        return Ig1.sum32(terms, 0, blocks);
    }

    private static float term(int dot, short weightScale, float activationScale) {
        return dot * (Ig1.fromHalf(weightScale) * activationScale);
    }

    /** The exact dot product of a block of 32 int8 weights with activations. */
    public static int dotQ8_0(MemorySegment weights, long at, byte[] x, int from) {
        int dot = 0;
        for (int i = 0; i < BLOCK; i++) {
            dot += weights.get(ValueLayout.JAVA_BYTE, at + i) * x[from + i];
        }
        return dot;
    }

    /** The same for 4-bit weights: byte i holds element i in its low and element i + 16 in its high half, each minus 8. */
    public static int dotQ4_0(MemorySegment weights, long at, byte[] x, int from) {
        int dot = 0;
        for (int i = 0; i < BLOCK / 2; i++) {
            int pair = weights.get(ValueLayout.JAVA_BYTE, at + i);
            dot += ((pair & 15) - 8) * x[from + i];
            dot += (((pair >> 4) & 15) - 8) * x[from + i + BLOCK / 2];
        }
        return dot;
    }

    /** One output of an F16 matrix: sum32 over elements of {@code flush(w * x)}. */
    public static float timesF16(MemorySegment weights, long row, float[] x, int from, int n) {
        var terms = new float[n];
        for (int i = 0; i < n; i++) {
            terms[i] = Ig1.flush(Ig1.fromHalf(weights.get(HALF, row + 2L * i)) * x[from + i]);
        }
        return Ig1.sum32(terms, 0, n);
    }

    /** One output of an F32 matrix. */
    public static float timesF32(MemorySegment weights, long row, float[] x, int from, int n) {
        var terms = new float[n];
        for (int i = 0; i < n; i++) {
            terms[i] = Ig1.flush(weights.get(FLOAT, row + 4L * i) * x[from + i]);
        }
        return Ig1.sum32(terms, 0, n);
    }

    /** Element {@code i} of a Q8_0 row. */
    public static float elementQ8_0(MemorySegment weights, long row, int i) {
        long at = row + (long) (i / BLOCK) * Q8_0_BYTES;
        return Ig1.fromHalf(weights.get(HALF, at)) * weights.get(ValueLayout.JAVA_BYTE, at + 2 + i % BLOCK);
    }

    /** Element {@code i} of a Q4_0 row. */
    public static float elementQ4_0(MemorySegment weights, long row, int i) {
        long at = row + (long) (i / BLOCK) * Q4_0_BYTES;
        int pair = weights.get(ValueLayout.JAVA_BYTE, at + 2 + i % (BLOCK / 2));
        int quarter = i % BLOCK < BLOCK / 2 ? pair & 15 : (pair >> 4) & 15;
        return Ig1.fromHalf(weights.get(HALF, at)) * (quarter - 8);
    }

    /** Element {@code i} of an F16 row. */
    public static float elementF16(MemorySegment weights, long row, int i) {
        return Ig1.fromHalf(weights.get(HALF, row + 2L * i));
    }

    /** Element {@code i} of an F32 row. */
    public static float elementF32(MemorySegment weights, long row, int i) {
        return weights.get(FLOAT, row + 4L * i);
    }
}
