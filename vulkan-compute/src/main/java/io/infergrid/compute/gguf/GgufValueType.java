package io.infergrid.compute.gguf;

/** Types of metadata values, in the order of their numbers in the file. */
public enum GgufValueType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    STRING(8, 0),
    ARRAY(9, 0),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    private static final GgufValueType[] BY_ID = values();

    private final int id;
    private final int bytes;

    GgufValueType(int id, int bytes) {
        this.id = id;
        this.bytes = bytes;
    }

    /** The type's number in the file. */
    int id() {
        return id;
    }

    /** Bytes of one value; 0 for strings and arrays, whose length varies. */
    int bytes() {
        return bytes;
    }

    boolean isWhole() {
        return bytes > 0 && this != FLOAT32 && this != FLOAT64 && this != BOOL;
    }

    /** True if every bit pattern of the type fits a {@code long} with the meaning that the type gives it. */
    boolean isSigned() {
        return this == INT8 || this == INT16 || this == INT32 || this == INT64;
    }

    /**
     * @throws GgufException if the format knows no such type
     */
    static GgufValueType ofId(int id) {
        if (id < 0 || id >= BY_ID.length) {
            throw new GgufException(
                    "expected a value type in 0.." + (BY_ID.length - 1) + ", found " + Integer.toUnsignedString(id));
        }
        return BY_ID[id];
    }
}
