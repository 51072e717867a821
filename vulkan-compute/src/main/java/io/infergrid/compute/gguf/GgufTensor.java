package io.infergrid.compute.gguf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * One tensor of a model.
 *
 * @param name as in the file, e.g. {@code blk.0.attn_q.weight}
 * @param type element type
 * @param columns ggml's {@code ne[0]}: elements of one row, contiguous; a multiple of the type's block size
 * @param rows product of the other dimensions; 1 for a vector
 * @param data {@code rows * type.rowBytes(columns)} bytes, little-endian, row after row; read-only
 */
public record GgufTensor(String name, TensorType type, long columns, long rows, MemorySegment data) {

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    public GgufTensor {
        long expected = Math.multiplyExact(rows, type.rowBytes(columns));
        if (data.byteSize() != expected) {
            throw new GgufException("tensor '" + name + "': expected " + expected + " bytes for " + rows + " x "
                    + columns + " of " + type + ", found " + data.byteSize());
        }
    }

    /**
     * Writes row {@code row} as floats to {@code target[from .. from + columns)}: for quantised types {@code scale * q}, each
     * product rounded once.
     */
    public void readRow(long row, float[] target, int from) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException(
                    "expected a row of '" + name + "' in 0.." + (rows - 1) + ", found " + row);
        }
        Objects.checkFromIndexSize((long) from, columns, target.length);
        Rows.read(type, data, row * type.rowBytes(columns), (int) columns, target, from);
    }

    /** The same weights as F32, in native memory that lives as long as the returned tensor is reachable. */
    public GgufTensor asF32() {
        long rowBytes = TensorType.F32.rowBytes(columns);
        MemorySegment floats = Arena.ofAuto().allocate(Math.multiplyExact(rows, rowBytes), 64);
        float[] values = new float[Math.toIntExact(columns)];
        for (long row = 0; row < rows; row++) {
            readRow(row, values, 0);
            MemorySegment.copy(values, 0, floats, FLOAT, row * rowBytes, values.length);
        }
        return new GgufTensor(name, TensorType.F32, columns, rows, floats.asReadOnly());
    }
}
