package io.infergrid.compute.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Thirty-two consecutive weights of a quantised row, in the one form that all of ggml's block types share:
 *
 * <pre>w[i] = scale * (factor[i / 16] * q[i]) + offset * offsetFactor[i / 16]</pre>
 *
 * Types with blocks of 32 have factors of 1; K-quants keep small integer factors for each 16 or 32 weights and two halves for
 * 256. Where the factor is one for all 32 weights it is part of {@code scale}, which stays exact (11 bits times 6). So
 * every type meets activations in blocks of 32 by the same rule, whatever its file layout.
 *
 * <p>One instance is refilled by {@link #read} for block after block. Layouts are ggml's.
 */
public final class WeightBlock {

    /** Weights of a block. */
    public static final int SIZE = 32;

    /** Weights that share a factor. */
    public static final int HALF_SIZE = SIZE / 2;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The sixteen values of IQ4_NL and IQ4_XS. */
    private static final int[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private final int[] q = new int[SIZE];
    private final int[] factors = {1, 1};
    private final int[] offsetFactors = {0, 0};
    private float scale;
    private float offset;

    /** Weight {@code i} before its scale: at most 8 bits with sign. */
    public int q(int i) {
        return q[i];
    }

    public float scale() {
        return scale;
    }

    /** 0 for types without one. */
    public float offset() {
        return offset;
    }

    /** The factor of weights 0 to 15 ({@code half} 0) or 16 to 31. */
    public int factor(int half) {
        return factors[half];
    }

    public int offsetFactor(int half) {
        return offsetFactors[half];
    }

    /** The weight as a number: each product and the sum rounded once. */
    public float element(int i) {
        float product = scale * (factors[i / HALF_SIZE] * q[i]);
        return offset == 0 ? product : product + offset * offsetFactors[i / HALF_SIZE];
    }

    /**
     * Fills this from a row.
     *
     * @param type a quantised type
     * @param row byte offset of the row in {@code data}
     * @param block index of 32 weights in the row
     */
    public WeightBlock read(TensorType type, MemorySegment data, long row, int block) {
        long at = row + (long) (block * SIZE / type.blockElements()) * type.blockBytes();
        Arrays.fill(factors, 1);
        Arrays.fill(offsetFactors, type.hasOffset() ? 1 : 0);
        offset = 0;
        int part = block % 8; // of the 256 of a K-quant
        switch (type) {
            case Q8_0 -> {
                scale = half(data, at);
                for (int i = 0; i < SIZE; i++) {
                    q[i] = data.get(BYTE, at + 2 + i);
                }
            }
            case Q4_0 -> {
                scale = half(data, at);
                nibbles(data, at + 2);
                add(-8);
            }
            case Q4_1 -> {
                scale = half(data, at);
                offset = half(data, at + 2);
                nibbles(data, at + 4);
            }
            case Q5_0 -> {
                scale = half(data, at);
                nibbles(data, at + 6);
                fifthBits(data, at + 2);
                add(-16);
            }
            case Q5_1 -> {
                scale = half(data, at);
                offset = half(data, at + 2);
                nibbles(data, at + 8);
                fifthBits(data, at + 4);
            }
            case IQ4_NL -> {
                scale = half(data, at);
                nibbles(data, at + 2);
                lookUp();
            }
            case IQ4_XS -> {
                int low = unsigned(data, at + 4 + part / 2) >> 4 * (part % 2) & 15;
                int high = data.get(HALF, at + 2) >> 2 * part & 3;
                scale = half(data, at) * ((low | high << 4) - 32);
                nibbles(data, at + 8 + 16L * part);
                lookUp();
            }
            case Q2_K -> {
                scale = half(data, at + 80);
                offset = -half(data, at + 82);
                for (int half = 0; half < 2; half++) {
                    int both = unsigned(data, at + 2 * part + half);
                    factors[half] = both & 15;
                    offsetFactors[half] = both >> 4;
                }
                pairs(data, at + 16, part);
            }
            case Q3_K -> {
                scale = half(data, at + 108);
                for (int half = 0; half < 2; half++) {
                    factors[half] = q3Factor(data, at + 96, 2 * part + half);
                }
                pairs(data, at + 32, part);
                for (int i = 0; i < SIZE; i++) {
                    q[i] -= (unsigned(data, at + i) >> part & 1) == 0 ? 4 : 0;
                }
            }
            case Q4_K -> {
                scalesOf256(data, at, part);
                nibblesOf256(data, at + 16, part);
            }
            case Q5_K -> {
                scalesOf256(data, at, part);
                nibblesOf256(data, at + 48, part);
                for (int i = 0; i < SIZE; i++) {
                    q[i] |= (unsigned(data, at + 16 + i) >> part & 1) << 4;
                }
            }
            case Q6_K -> {
                scale = half(data, at + 208);
                int quarter = part % 4;
                for (int half = 0; half < 2; half++) {
                    factors[half] = data.get(BYTE, at + 192 + 2 * part + half);
                }
                for (int i = 0; i < SIZE; i++) {
                    int low = unsigned(data, at + 64 * (part / 4) + 32 * (quarter % 2) + i) >> 4 * (quarter / 2) & 15;
                    int high = unsigned(data, at + 128 + 32 * (part / 4) + i) >> 2 * quarter & 3;
                    q[i] = (low | high << 4) - 32;
                }
            }
            case F32, F16, BF16 ->
                throw new IllegalArgumentException("expected a type with blocks of weights, found " + type);
        }
        return this;
    }

    // byte i holds weight i in its low half and weight i + 16 in its high half
    private void nibbles(MemorySegment data, long at) {
        for (int i = 0; i < HALF_SIZE; i++) {
            int pair = unsigned(data, at + i);
            q[i] = pair & 15;
            q[i + HALF_SIZE] = pair >> 4;
        }
    }

    // bit i of four bytes is bit 4 of weight i
    private void fifthBits(MemorySegment data, long at) {
        for (int i = 0; i < SIZE; i++) {
            q[i] |= (unsigned(data, at + i / 8) >> i % 8 & 1) << 4;
        }
    }

    private void add(int constant) {
        for (int i = 0; i < SIZE; i++) {
            q[i] += constant;
        }
    }

    private void lookUp() {
        for (int i = 0; i < SIZE; i++) {
            q[i] = NON_LINEAR[q[i]];
        }
    }

    // 128 weights share 32 bytes, each 32 of them the same two bits of every byte
    private void pairs(MemorySegment data, long at, int part) {
        for (int i = 0; i < SIZE; i++) {
            q[i] = unsigned(data, at + 32 * (part / 4) + i) >> 2 * (part % 4) & 3;
        }
    }

    // 64 weights share 32 bytes: the first 32 the low halves
    private void nibblesOf256(MemorySegment data, long at, int part) {
        for (int i = 0; i < SIZE; i++) {
            q[i] = unsigned(data, at + 32 * (part / 2) + i) >> 4 * (part % 2) & 15;
        }
    }

    // Q4_K and Q5_K: halves for scale and minimum, then twelve bytes with eight scales and eight minima of six bits
    private void scalesOf256(MemorySegment data, long at, int part) {
        long packed = at + 4;
        int factor;
        int minimum;
        if (part < 4) {
            factor = unsigned(data, packed + part) & 63;
            minimum = unsigned(data, packed + part + 4) & 63;
        } else {
            int both = unsigned(data, packed + part + 4);
            factor = both & 15 | unsigned(data, packed + part - 4) >> 6 << 4;
            minimum = both >> 4 | unsigned(data, packed + part) >> 6 << 4;
        }
        scale = half(data, at) * factor;
        offset = -(half(data, at + 2) * minimum);
    }

    // sixteen factors of six bits, less 32: four low bits in the halves of eight bytes, two upper ones in four bytes
    private static int q3Factor(MemorySegment data, long at, int i) {
        int low = unsigned(data, at + i % 8) >> 4 * (i / 8) & 15;
        int high = unsigned(data, at + 8 + i % 4) >> 2 * (i / 4) & 3;
        return (low | high << 4) - 32;
    }

    private static int unsigned(MemorySegment data, long at) {
        return data.get(BYTE, at) & 0xff;
    }

    private static float half(MemorySegment data, long at) {
        return Float.float16ToFloat(data.get(HALF, at));
    }
}
