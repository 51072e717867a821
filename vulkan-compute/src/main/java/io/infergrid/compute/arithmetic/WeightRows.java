package io.infergrid.compute.arithmetic;

import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.gguf.WeightBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Rows of weights as a GGUF stores them, multiplied with an activation vector. Offsets are bytes into the tensor's data;
 * rows are contiguous.
 */
public final class WeightRows {

    private static final int BLOCK = QuantisedVector.BLOCK;

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private WeightRows() {}

    /** One output of a matrix of quantised weights: sum32 over the terms of its blocks of 32. */
    public static float times(TensorType type, MemorySegment weights, long row, QuantisedVector x) {
        int blocks = x.scales().length;
        var terms = new float[blocks];
        var block = new WeightBlock();
        for (int b = 0; b < blocks; b++) {
            terms[b] = term(type, block.read(type, weights, row, b), x.values(), b * BLOCK, x.scales()[b]);
        }
        return Ig1.sum32(terms, 0, blocks);
    }

    /**
     * What a block of 32 weights adds to its row's sum: with {@code dot} the exact integer sum of {@code factor * q * x} and
     * {@code low} that of {@code offsetFactor * x}, both below 2^24,
     *
     * <pre>dot * (scale * activationScale)   [ + low * (offset * activationScale) for types with an offset ]</pre>
     *
     * @param x quantised activations, of which {@code x[from .. from + 32)} meet this block
     */
    public static float term(TensorType type, WeightBlock weights, byte[] x, int from, float activationScale) {
        int dot = 0;
        int low = 0;
        for (int i = 0; i < BLOCK; i++) {
            int half = i / WeightBlock.HALF_SIZE;
            dot += weights.factor(half) * weights.q(i) * x[from + i];
            low += weights.offsetFactor(half) * x[from + i];
        }
        float term = dot * (weights.scale() * activationScale);
        return type.hasOffset() ? term + low * (weights.offset() * activationScale) : term;
    }

    /** One output of an F16 matrix: sum32 over elements of {@code flush(w * x)}. */
    public static float timesF16(MemorySegment weights, long row, float[] x, int from, int n) {
        var terms = new float[n];
        for (int i = 0; i < n; i++) {
            terms[i] = Ig1.flush(Ig1.fromHalf(weights.get(HALF, row + 2L * i)) * x[from + i]);
        }
        return Ig1.sum32(terms, 0, n);
    }

    /** One output of a BF16 matrix. */
    public static float timesBf16(MemorySegment weights, long row, float[] x, int from, int n) {
        var terms = new float[n];
        for (int i = 0; i < n; i++) {
            terms[i] = Ig1.flush(elementBf16(weights, row, i) * x[from + i]);
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

    /** Element {@code i} of a row of any type. */
    public static float element(TensorType type, MemorySegment weights, long row, int i) {
        return switch (type) {
            case F32 -> elementF32(weights, row, i);
            case F16 -> elementF16(weights, row, i);
            case BF16 -> elementBf16(weights, row, i);
            default -> new WeightBlock().read(type, weights, row, i / BLOCK).element(i % BLOCK);
        };
    }

    /** Element {@code i} of an F16 row. */
    public static float elementF16(MemorySegment weights, long row, int i) {
        return Ig1.fromHalf(weights.get(HALF, row + 2L * i));
    }

    /** Element {@code i} of a BF16 row. */
    public static float elementBf16(MemorySegment weights, long row, int i) {
        return Float.intBitsToFloat(weights.get(HALF, row + 2L * i) << 16);
    }

    /** Element {@code i} of an F32 row. */
    public static float elementF32(MemorySegment weights, long row, int i) {
        return weights.get(FLOAT, row + 4L * i);
    }
}
