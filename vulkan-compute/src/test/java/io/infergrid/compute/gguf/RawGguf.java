package io.infergrid.compute.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;

/** Writes GGUF bytes field by field, sound or not. */
final class RawGguf {

    static final int UINT8 = 0;
    static final int UINT32 = 4;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int F32 = 0;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A header that promises so many tensors and keys. */
    static RawGguf header(long tensors, long keys) {
        return new RawGguf().int32(0x46554747).int32(3).int64(tensors).int64(keys);
    }

    RawGguf int8(int value) {
        out.write(value);
        return this;
    }

    RawGguf int32(int value) {
        for (int i = 0; i < 4; i++) {
            out.write(value >>> (8 * i));
        }
        return this;
    }

    RawGguf int64(long value) {
        return int32((int) value).int32((int) (value >>> 32));
    }

    RawGguf string(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        return int64(bytes.length).bytes(bytes);
    }

    RawGguf bytes(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    RawGguf key(String name, int type) {
        return string(name).int32(type);
    }

    RawGguf tensor(String name, int type, long offset, long... dimensions) {
        string(name).int32(dimensions.length);
        for (long dimension : dimensions) {
            int64(dimension);
        }
        return int32(type).int64(offset);
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    GgufHeader read() {
        return GgufHeader.read(MemorySegment.ofArray(toBytes()));
    }
}
