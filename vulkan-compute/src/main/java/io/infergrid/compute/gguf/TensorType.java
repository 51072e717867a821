package io.infergrid.compute.gguf;

/** Element types of GGUF tensors that the engine reads; ids are ggml's. */
public enum TensorType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q8_0(8, 32, 34),
    /**
     * Read only: llama.cpp gives it to the output matrix of its Q4_0 files. Each weight (11 bits of scale, 7 and 6 bits of
     * integers) is exactly a binary32, so a backend never sees the type: {@link GgufTensor#asF32} hands it on as {@link #F32}.
     */
    Q6_K(14, 256, 210);

    /** ggml's types by number; empty where a number is retired. */
    private static final String[] GGML_NAMES = {
        "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
        "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32",
        "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4"
    };

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
            throw new GgufException("expected a row of " + this + " to be a multiple of " + blockElements
                    + " elements, found " + columns);
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
        throw new GgufException("expected a tensor type among F32, F16, Q4_0, Q8_0, Q6_K, found " + nameOf(id));
    }

    private static String nameOf(int id) {
        String known = id >= 0 && id < GGML_NAMES.length ? GGML_NAMES[id] : "";
        return known.isEmpty() ? "ggml type " + Integer.toUnsignedString(id) : known;
    }
}
