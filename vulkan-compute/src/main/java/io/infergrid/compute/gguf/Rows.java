package io.infergrid.compute.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows of every tensor type as floats. */
final class Rows {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows() {}

    static void read(TensorType type, MemorySegment data, long at, int columns, float[] target, int from) {
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, at, target, from, columns);
            case F16 -> {
                for (int i = 0; i < columns; i++) {
                    target[from + i] = Float.float16ToFloat(data.get(SHORT, at + 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < columns; i++) {
                    target[from + i] = Float.intBitsToFloat(data.get(SHORT, at + 2L * i) << 16);
                }
            }
            default -> {
                var block = new WeightBlock();
                for (int b = 0; b < columns / WeightBlock.SIZE; b++) {
                    block.read(type, data, at, b);
                    for (int i = 0; i < WeightBlock.SIZE; i++) {
                        target[from + WeightBlock.SIZE * b + i] = block.element(i);
                    }
                }
            }
        }
    }
}
