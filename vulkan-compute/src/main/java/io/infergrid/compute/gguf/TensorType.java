package io.infergrid.compute.gguf;

/** Element types of GGUF tensors that the engine computes with; ids are ggml's. */
public enum TensorType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q8_0(8, 32, 34);

    private final int id;
    private final int blockElements;
    private final int blockBytes;

    TensorType(int id, int blockElements, int blockBytes) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** ggml's {@code ggml_type} number. */
    public int id() {
        return id;
    }

    /** Elements that share one scale. */
    public int blockElements() {
        return blockElements;
    }

    public int blockBytes() {
        return blockBytes;
    }

    /**
     * Bytes of one row of {@code columns} elements.
     *
     * @throws GgufException if {@code columns} is not a positive multiple of the block size
     */
    public long rowBytes(long columns) {
        if (columns <= 0 || columns % blockElements != 0) {
            throw new GgufException(
                    "expected a row of " + this + " to be a multiple of " + blockElements + " elements, found " + columns);
        }
        return Math.multiplyExact(columns / blockElements, blockBytes);
    }

    /**
     * @throws GgufException if the engine has no kernels for ggml type {@code id}
     */
    public static TensorType ofId(int id) {
        for (TensorType type : values()) {
            if (type.id == id) {
                return type;
            }
        }
        throw new GgufException("expected a tensor type among F32, F16, Q4_0, Q8_0, found ggml type " + id);
    }
}
