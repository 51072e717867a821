package io.infergrid.compute.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor's entry in the directory of a GGUF.
 *
 * @param name at most 64 bytes
 * @param type element type
 * @param dimensions ggml's {@code ne}: the first is the length of a row; 1 to 4 of them
 * @param offset of the data from the start of the file's data section, in bytes
 */
public record GgufTensorInfo(String name, TensorType type, List<Long> dimensions, long offset) {

    public GgufTensorInfo {
        dimensions = List.copyOf(dimensions);
        int nameBytes = name.getBytes(UTF_8).length;
        if (nameBytes == 0 || nameBytes > GgufLimits.NAME_BYTES) {
            throw new GgufException(
                    "expected a tensor name of 1.." + GgufLimits.NAME_BYTES + " bytes, found " + nameBytes);
        }
        String tensor = "tensor '" + name + "'";
        if (dimensions.isEmpty() || dimensions.size() > GgufLimits.DIMENSIONS) {
            throw new GgufException(
                    tensor + ": expected 1.." + GgufLimits.DIMENSIONS + " dimensions, found " + dimensions.size());
        }
        long elements = 1;
        for (long dimension : dimensions) {
            if (dimension < 1 || dimension > GgufLimits.TENSOR_ELEMENTS / elements) {
                throw new GgufException(tensor + ": expected dimensions of at most " + GgufLimits.TENSOR_ELEMENTS
                        + " elements together, found " + dimensions);
            }
            elements *= dimension;
        }
        if (dimensions.getFirst() % type.blockElements() != 0) {
            throw new GgufException(tensor + ": expected rows of " + type + " in multiples of " + type.blockElements()
                    + " elements, found " + dimensions.getFirst());
        }
        if (offset < 0) {
            throw new GgufException(
                    tensor + ": expected an offset inside the file, found " + Long.toUnsignedString(offset));
        }
    }

    /** Elements of a row. */
    public long columns() {
        return dimensions.getFirst();
    }

    /** Product of all dimensions but the first. */
    public long rows() {
        long rows = 1;
        for (long dimension : dimensions.subList(1, dimensions.size())) {
            rows *= dimension;
        }
        return rows;
    }

    public long byteSize() {
        return Math.multiplyExact(rows(), type.rowBytes(columns()));
    }

    /** This entry with its data, e.g. from a shard. */
    public GgufTensor with(MemorySegment data) {
        return new GgufTensor(name, type, columns(), rows(), data);
    }
}
