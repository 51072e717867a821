package io.infergrid.compute.gguf;

/**
 * What a file may ask for. Far above what published models need (a vocabulary of 262 144 tokens is the largest in use) and
 * low enough that a hostile file costs no more than a few hundred megabytes for a moment.
 */
final class GgufLimits {

    static final int KEYS = 4096;
    static final int KEY_BYTES = 65_535;
    static final int STRING_BYTES = 16 << 20;
    /** Strings in arrays, all of the file together. */
    static final int ARRAY_STRINGS = 1 << 21;
    /** Arrays inside arrays, all of the file together. */
    static final int NESTED_ARRAYS = 1 << 16;

    static final int ARRAY_DEPTH = 4;
    static final long METADATA_BYTES = 128L << 20;
    static final int TENSORS = 1 << 16;
    static final int NAME_BYTES = 64;
    static final int DIMENSIONS = 4;
    static final long TENSOR_ELEMENTS = 1L << 40;
    static final int ALIGNMENT = 1 << 16;
    static final int DEFAULT_ALIGNMENT = 32;

    private GgufLimits() {}
}
