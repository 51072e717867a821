package io.infergrid.compute.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows of every tensor type as floats; the layouts of the blocks are ggml's. */
final class Rows {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private Rows() {}

    static void read(TensorType type, MemorySegment data, long at, int columns, float[] target, int from) {
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, at, target, from, columns);
            case F16 -> {
                for (int i = 0; i < columns; i++) {
                    target[from + i] = Float.float16ToFloat(data.get(SHORT, at + 2L * i));
                }
            }
            case Q8_0 -> {
                for (int block = 0; block < columns / 32; block++) {
                    long start = at + 34L * block;
                    float scale = Float.float16ToFloat(data.get(SHORT, start));
                    for (int i = 0; i < 32; i++) {
                        target[from + 32 * block + i] = scale * data.get(BYTE, start + 2 + i);
                    }
                }
            }
            case Q4_0 -> {
                // byte i of a block holds element i in its low half and element i + 16 in its high half, both plus 8
                for (int block = 0; block < columns / 32; block++) {
                    long start = at + 18L * block;
                    float scale = Float.float16ToFloat(data.get(SHORT, start));
                    for (int i = 0; i < 16; i++) {
                        int pair = data.get(BYTE, start + 2 + i);
                        target[from + 32 * block + i] = scale * ((pair & 0xF) - 8);
                        target[from + 32 * block + 16 + i] = scale * (((pair >> 4) & 0xF) - 8);
                    }
                }
            }
            case Q6_K -> {
                for (int block = 0; block < columns / 256; block++) {
                    readQ6K(data, at + 210L * block, target, from + 256 * block);
                }
            }
        }
    }

    /**
     * 256 elements: 128 bytes of low halves, 64 bytes of upper bit pairs, 16 signed scales of 16 elements each, and the scale
     * of scales. Elements l, l+32, l+64, l+96 of each 128 share the bit pairs of byte l.
     */
    private static void readQ6K(MemorySegment data, long at, float[] target, int from) {
        float scale = Float.float16ToFloat(data.get(SHORT, at + 208));
        for (int half = 0; half < 2; half++) {
            long low = at + 64L * half;
            long high = at + 128 + 32L * half;
            long scales = at + 192 + 8L * half;
            int to = from + 128 * half;
            for (int l = 0; l < 32; l++) {
                int pairs = data.get(BYTE, high + l);
                int first = data.get(BYTE, low + l);
                int second = data.get(BYTE, low + 32 + l);
                int[] q = {
                    (first & 0xF) | ((pairs & 3) << 4),
                    (second & 0xF) | ((pairs >> 2 & 3) << 4),
                    (first >> 4 & 0xF) | ((pairs >> 4 & 3) << 4),
                    (second >> 4 & 0xF) | ((pairs >> 6 & 3) << 4)
                };
                for (int quarter = 0; quarter < 4; quarter++) {
                    float fine = scale * data.get(BYTE, scales + 2L * quarter + l / 16);
                    target[to + 32 * quarter + l] = fine * (q[quarter] - 32);
                }
            }
        }
    }
}
