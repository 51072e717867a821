package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.TensorType;
import java.nio.ByteBuffer;

/**
 * Rows of floats as rows of a tensor type, by the rules that ggml's reference quantisers follow: a block of 32 shares one
 * binary16 scale, and integers are what is left of {@code x / scale} after rounding.
 */
final class RowEncoder {

    private RowEncoder() {}

    /** Appends {@code count} floats from {@code from} on, little-endian; {@code out} has that byte order. */
    static void encode(TensorType type, float[] row, int from, int count, ByteBuffer out) {
        switch (type) {
            case F32 -> {
                for (int i = from; i < from + count; i++) {
                    out.putFloat(row[i]);
                }
            }
            case F16 -> {
                for (int i = from; i < from + count; i++) {
                    out.putShort(Float.floatToFloat16(row[i]));
                }
            }
            case Q8_0 -> {
                for (int block = from; block < from + count; block += 32) {
                    q8(row, block, out);
                }
            }
            case Q4_0 -> {
                for (int block = from; block < from + count; block += 32) {
                    q4(row, block, out);
                }
            }
            default -> throw new IllegalArgumentException("expected a type to write among F32, F16, Q8_0, Q4_0");
        }
    }

    private static void q8(float[] x, int from, ByteBuffer out) {
        float greatest = 0;
        for (int i = from; i < from + 32; i++) {
            greatest = Math.max(greatest, Math.abs(x[i]));
        }
        float scale = greatest / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        out.putShort(Float.floatToFloat16(scale));
        for (int i = from; i < from + 32; i++) {
            out.put((byte) clamp(Math.round(x[i] * inverse), -127, 127));
        }
    }

    /** The value of greatest magnitude becomes exactly -8, so the scale has the sign opposite to it. */
    private static void q4(float[] x, int from, ByteBuffer out) {
        float greatest = 0;
        for (int i = from; i < from + 32; i++) {
            if (Math.abs(x[i]) > Math.abs(greatest)) {
                greatest = x[i];
            }
        }
        float scale = greatest / -8;
        float inverse = scale == 0 ? 0 : 1 / scale;
        out.putShort(Float.floatToFloat16(scale));
        for (int i = from; i < from + 16; i++) {
            int low = clamp((int) (x[i] * inverse + 8.5f), 0, 15);
            int high = clamp((int) (x[i + 16] * inverse + 8.5f), 0, 15);
            out.put((byte) (low | (high << 4)));
        }
    }

    private static int clamp(int value, int least, int most) {
        return Math.max(least, Math.min(most, value));
    }
}
