package io.infergrid.compute.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads a segment from its beginning and never leaves it. */
final class GgufCursor {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;
    private long position;

    GgufCursor(MemorySegment segment) {
        this.segment = segment;
    }

    long position() {
        return position;
    }

    int int32(String what) {
        long at = take(4, what);
        return segment.get(INT, at);
    }

    long int64(String what) {
        long at = take(8, what);
        return segment.get(LONG, at);
    }

    /** A length or count, in the file an unsigned 64-bit number. */
    int count(String what, int most) {
        long at = position;
        long found = int64(what);
        if (found < 0 || found > most) {
            throw new GgufException(
                    what + ": expected at most " + most + ", found " + Long.toUnsignedString(found) + " at byte " + at);
        }
        return (int) found;
    }

    byte[] bytes(long length, String what) {
        long at = take(length, what);
        return segment.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    }

    String string(String what, int mostBytes) {
        int length = count(what + " length", mostBytes);
        long at = position;
        byte[] bytes = bytes(length, what);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException malformed) {
            throw new GgufException(what + ": expected UTF-8, found malformed bytes at byte " + at, malformed);
        }
    }

    private long take(long length, String what) {
        if (length > segment.byteSize() - position) {
            throw new GgufException(what + ": expected " + length + " bytes at byte " + position
                    + ", found the end after " + (segment.byteSize() - position));
        }
        long at = position;
        position += length;
        return at;
    }
}
