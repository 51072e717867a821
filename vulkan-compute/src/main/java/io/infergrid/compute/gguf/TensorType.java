package io.infergrid.compute.gguf;

import java.util.Arrays;

/** Element types of GGUF tensors that the engine reads; ids are ggml's. */
public enum TensorType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20, true),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24, true),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84, true),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144, true),
    Q5_K(13, 256, 176, true),
    Q6_K(14, 256, 210),
    IQ4_NL(20, 32, 18),
    IQ4_XS(23, 256, 136),
    /** Each element is the upper half of a binary32, so it is computed with as the F32 that it exactly is. */
    BF16(30, 1, 2);

    /** ggml's types by number; empty where a number is retired. */
    private static final String[] GGML_NAMES = {
        "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
        "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32",
        "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4"
    };

    private final int id;
    private final int blockElements;
    private final int blockBytes;
    private final boolean offset;

    TensorType(int id, int blockElements, int blockBytes) {
        this(id, blockElements, blockBytes, false);
    }

    TensorType(int id, int blockElements, int blockBytes, boolean offset) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.offset = offset;
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

    /** Whether weights are integers with a scale that blocks of them share; else each is a float of its own. */
    public boolean quantised() {
        return blockElements > 1;
    }

    /** Where in a block its binary16 scales and minima stand: byte offsets. */
    public int[] halves() {
        return switch (this) {
            case F32, F16, BF16 -> new int[0];
            case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q2_K -> new int[] {80, 82};
            case Q3_K -> new int[] {108};
            case Q6_K -> new int[] {208};
        };
    }

    /** Whether a block's weights are shifted by a minimum of the block besides being scaled. */
    public boolean hasOffset() {
        return offset;
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
        throw new GgufException("expected a tensor type among "
                + Arrays.toString(values()).replaceAll("[\\[\\]]", "") + ", found " + nameOf(id));
    }

    private static String nameOf(int id) {
        String known = id >= 0 && id < GGML_NAMES.length ? GGML_NAMES[id] : "";
        return known.isEmpty() ? "ggml type " + Integer.toUnsignedString(id) : known;
    }
}
