package io.infergrid.compute.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** One metadata value with the exact type that it has in the file, so that it can be written back bit for bit. */
public sealed interface GgufValue {

    GgufValueType type();

    /**
     * An integer of any width.
     *
     * @param type one of the eight integer types
     * @param value the number; for {@code UINT64} its 64 bits, which read as negative from 2^63 on
     */
    record Whole(GgufValueType type, long value) implements GgufValue {
        public Whole {
            if (!type.isWhole()) {
                throw new IllegalArgumentException("expected an integer type, found " + type);
            }
            int bits = 8 * type.bytes();
            if (bits < 64) {
                long least = type.isSigned() ? -(1L << (bits - 1)) : 0;
                long most = type.isSigned() ? (1L << (bits - 1)) - 1 : (1L << bits) - 1;
                if (value < least || value > most) {
                    throw new GgufException(
                            "expected a value of " + type + " in " + least + ".." + most + ", found " + value);
                }
            }
        }

        @Override
        public String toString() {
            return type == GgufValueType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    record Float32(float value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.FLOAT32;
        }

        @Override
        public String toString() {
            return Float.toString(value);
        }
    }

    record Float64(double value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.FLOAT64;
        }

        @Override
        public String toString() {
            return Double.toString(value);
        }
    }

    record Bool(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }

        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }

        @Override
        public String toString() {
            return value;
        }
    }

    /** An array of numbers or booleans, held as the bytes of the file: a vocabulary has a score for every token. */
    final class Scalars implements GgufValue {

        private final GgufValueType elementType;
        private final byte[] littleEndian;

        Scalars(GgufValueType elementType, byte[] littleEndian) {
            if (elementType.bytes() == 0 || littleEndian.length % elementType.bytes() != 0) {
                throw new IllegalArgumentException(
                        "expected whole elements of " + elementType + ", found " + littleEndian.length + " bytes");
            }
            this.elementType = elementType;
            this.littleEndian = littleEndian;
        }

        static Scalars ofFloats(float... values) {
            var bytes =
                    ByteBuffer.allocate(Math.multiplyExact(values.length, 4)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return new Scalars(GgufValueType.FLOAT32, bytes.array());
        }

        static Scalars ofInts(int... values) {
            var bytes =
                    ByteBuffer.allocate(Math.multiplyExact(values.length, 4)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asIntBuffer().put(values);
            return new Scalars(GgufValueType.INT32, bytes.array());
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        public GgufValueType elementType() {
            return elementType;
        }

        public int size() {
            return littleEndian.length / elementType.bytes();
        }

        ByteBuffer bytes() {
            return ByteBuffer.wrap(littleEndian).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Element {@code index} as an integer; booleans are 0 and 1. */
        long whole(int index) {
            var bytes = bytes();
            int at = index * elementType.bytes();
            return switch (elementType) {
                case UINT8, BOOL -> bytes.get(at) & 0xFF;
                case INT8 -> bytes.get(at);
                case UINT16 -> bytes.getShort(at) & 0xFFFF;
                case INT16 -> bytes.getShort(at);
                case UINT32 -> bytes.getInt(at) & 0xFFFF_FFFFL;
                case INT32 -> bytes.getInt(at);
                case UINT64, INT64 -> bytes.getLong(at);
                default -> throw new GgufException("expected an array of integers, found one of " + elementType);
            };
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Scalars that
                    && that.elementType == elementType
                    && Arrays.equals(that.littleEndian, littleEndian);
        }

        @Override
        public int hashCode() {
            return 31 * elementType.hashCode() + Arrays.hashCode(littleEndian);
        }

        @Override
        public String toString() {
            return "array of " + size() + " " + elementType;
        }
    }

    /** An array of strings. */
    record Texts(List<String> values) implements GgufValue {
        public Texts {
            values = List.copyOf(values);
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        @Override
        public String toString() {
            return "array of " + values.size() + " STRING";
        }
    }

    /** An array of arrays. */
    record Nested(List<GgufValue> values) implements GgufValue {
        public Nested {
            values = List.copyOf(values);
            for (GgufValue value : values) {
                if (value.type() != GgufValueType.ARRAY) {
                    throw new IllegalArgumentException(
                            "expected an array in an array of arrays, found " + value.type());
                }
            }
        }

        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        @Override
        public String toString() {
            return "array of " + values.size() + " ARRAY";
        }
    }
}
