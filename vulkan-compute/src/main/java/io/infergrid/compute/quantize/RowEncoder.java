package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.TensorType;
import java.nio.ByteBuffer;

/**
 * Rows of floats as rows of a tensor type: layouts are ggml's, the choice of scales and integers is ours
 * ({@link ScaleFit}, {@link SuperBlock}) and makes the squared error of the weights small. One instance serves one thread.
 */
final class RowEncoder {

    private static final int BLOCK = 32;
    private static final float MOST_HALF = 65504;

    private final ScaleFit fit = new ScaleFit();
    private final SuperBlock superBlock = new SuperBlock();
    private final int[] q = new int[BLOCK];

    /** Appends {@code count} floats from {@code from} on, little-endian; {@code out} has that byte order. */
    void encode(TensorType type, float[] row, int from, int count, ByteBuffer out) {
        for (int i = from; i < from + count; i += type.blockElements()) {
            switch (type) {
                case F32 -> out.putFloat(row[i]);
                case F16 -> out.putShort(Float.floatToFloat16(row[i]));
                case BF16 -> out.putShort(bf16(row[i]));
                case Q8_0 -> q8(row, i, out);
                case Q4_0 -> q4(row, i, out);
                case Q4_1 -> q4WithOffset(row, i, out);
                case Q5_0 -> q5(row, i, out);
                case Q5_1 -> q5WithOffset(row, i, out);
                case IQ4_NL -> iq4(row, i, out);
                case Q2_K -> superBlock.q2(row, i, out);
                case Q3_K -> superBlock.q3(row, i, out);
                case Q4_K -> superBlock.q4(row, i, out);
                case Q5_K -> superBlock.q5(row, i, out);
                case Q6_K -> superBlock.q6(row, i, out);
                case IQ4_XS -> superBlock.iq4(row, i, out);
            }
        }
    }

    /** The largest magnitude that can be encoded: a scale is a binary16. */
    static float greatestWeight(TensorType type) {
        return switch (type) {
            case F32 -> Float.MAX_VALUE;
            case BF16 -> 0x1.FEp127f;
            default -> MOST_HALF;
        };
    }

    /** The upper half of the bits, rounded to nearest even. */
    private static short bf16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private void q8(float[] x, int from, ByteBuffer out) {
        fit.signed(x, from, BLOCK, -127, 127, 2, 0.25f);
        roundSigned(x, from, -127, 127, 0, out);
        for (int i = 0; i < BLOCK; i++) {
            out.put((byte) q[i]);
        }
    }

    private void q4(float[] x, int from, ByteBuffer out) {
        fit.signed(x, from, BLOCK, -8, 7, 5, 0.25f);
        roundSigned(x, from, -8, 7, 8, out);
        putNibbles(out);
    }

    private void q4WithOffset(float[] x, int from, ByteBuffer out) {
        fit.withOffset(x, from, BLOCK, 15, false, 5, 0.25f);
        roundWithOffset(x, from, 15, out);
        putNibbles(out);
    }

    private void q5(float[] x, int from, ByteBuffer out) {
        fit.signed(x, from, BLOCK, -16, 15, 4, 0.3f);
        roundSigned(x, from, -16, 15, 16, out);
        putFifthBits(out);
        putNibbles(out);
    }

    private void q5WithOffset(float[] x, int from, ByteBuffer out) {
        fit.withOffset(x, from, BLOCK, 31, false, 4, 0.3f);
        roundWithOffset(x, from, 31, out);
        putFifthBits(out);
        putNibbles(out);
    }

    private void iq4(float[] x, int from, ByteBuffer out) {
        fit.nonLinear(x, from, BLOCK, 5, 5f);
        float scale = putHalf(out, fit.scale());
        float inverse = ScaleFit.inverse(scale);
        for (int i = 0; i < BLOCK; i++) {
            q[i] = NonLinear.nearest(x[from + i] * inverse);
        }
        putNibbles(out);
    }

    private void roundSigned(float[] x, int from, int least, int most, int bias, ByteBuffer out) {
        float scale = putHalf(out, fit.scale());
        float inverse = ScaleFit.inverse(scale);
        for (int i = 0; i < BLOCK; i++) {
            q[i] = ScaleFit.round(x[from + i] * inverse, least, most) + bias;
        }
    }

    private void roundWithOffset(float[] x, int from, int most, ByteBuffer out) {
        float scale = putHalf(out, fit.scale());
        float offset = putHalf(out, fit.offset());
        float inverse = ScaleFit.inverse(scale);
        for (int i = 0; i < BLOCK; i++) {
            q[i] = ScaleFit.round((x[from + i] - offset) * inverse, 0, most);
        }
    }

    private void putNibbles(ByteBuffer out) {
        for (int i = 0; i < BLOCK / 2; i++) {
            out.put((byte) (q[i] & 15 | (q[i + BLOCK / 2] & 15) << 4));
        }
    }

    private void putFifthBits(ByteBuffer out) {
        int bits = 0;
        for (int i = 0; i < BLOCK; i++) {
            bits |= q[i] >> 4 << i;
        }
        out.putInt(bits);
    }

    /** The nearest finite binary16; 0 for -0. */
    static float half(float x) {
        float bounded = Math.max(-MOST_HALF, Math.min(MOST_HALF, x));
        return Float.float16ToFloat(Float.floatToFloat16(bounded)) + 0f;
    }

    /** Appends {@code x} as a binary16 and gives it as rounded. */
    private static float putHalf(ByteBuffer out, float x) {
        float half = half(x);
        out.putShort(Float.floatToFloat16(half));
        return half;
    }
}
