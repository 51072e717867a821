package io.infergrid.compute.gguf;

import java.lang.foreign.MemorySegment;

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

    public GgufTensor {
        long expected = Math.multiplyExact(rows, type.rowBytes(columns));
        if (data.byteSize() != expected) {
            throw new GgufException("tensor '" + name + "': expected " + expected + " bytes for " + rows + " x " + columns
                    + " of " + type + ", found " + data.byteSize());
        }
    }
}
