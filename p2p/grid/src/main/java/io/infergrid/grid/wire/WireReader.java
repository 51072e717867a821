package io.infergrid.grid.wire;

import io.infergrid.grid.Hash;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads one message that is wholly in memory. Each read names what it reads, for the error, and its bound; nothing is
 * allocated beyond the bytes that are there. Not thread-safe.
 */
public final class WireReader {

    private final byte[] bytes;
    private int at;

    public WireReader(byte[] message) {
        bytes = message;
    }

    public int u8(String what) throws WireException {
        need(1, what);
        return bytes[at++] & 0xff;
    }

    public boolean bool(String what) throws WireException {
        int value = u8(what);
        if (value > 1) {
            throw new WireException(what + ": expected 0 or 1, found " + value);
        }
        return value == 1;
    }

    public int u16(String what) throws WireException {
        need(2, what);
        int value = ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
        at += 2;
        return value;
    }

    public int i32(String what) throws WireException {
        return (u16(what) << 16) | u16(what);
    }

    public long i64(String what) throws WireException {
        return ((long) i32(what) << 32) | (i32(what) & 0xffffffffL);
    }

    /** An integer in {@code [min, max]}. */
    public int i32(String what, int min, int max) throws WireException {
        return (int) within(what, i32(what), min, max);
    }

    public int u8(String what, int min, int max) throws WireException {
        return (int) within(what, u8(what), min, max);
    }

    public int u16(String what, int min, int max) throws WireException {
        return (int) within(what, u16(what), min, max);
    }

    public long i64(String what, long min, long max) throws WireException {
        return within(what, i64(what), min, max);
    }

    /** A finite float in {@code [min, max]}. */
    public float f32(String what, float min, float max) throws WireException {
        float value = Float.intBitsToFloat(i32(what));
        if (!(value >= min && value <= max)) {
            throw new WireException(what + ": expected " + min + " to " + max + ", found " + value);
        }
        return value;
    }

    public byte[] raw(String what, int length) throws WireException {
        need(length, what);
        byte[] value = Arrays.copyOfRange(bytes, at, at + length);
        at += length;
        return value;
    }

    public Hash hash(String what) throws WireException {
        return Hash.of(raw(what, Hash.BYTES));
    }

    public byte[] blob(String what, int maxBytes) throws WireException {
        return raw(what, i32(what + " length", 0, maxBytes));
    }

    /** Well-formed UTF-8 of at most {@code maxBytes} bytes without control characters, so that it may go into logs and windows. */
    public String text(String what, int maxBytes) throws WireException {
        byte[] utf8 = raw(what, u16(what + " length", 0, maxBytes));
        String value;
        try {
            value = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new WireException(what + ": expected UTF-8, found other bytes");
        }
        if (value.codePoints().anyMatch(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029)) {
            throw new WireException(what + ": expected text without control characters, found some");
        }
        return value;
    }

    /** A count as 2 bytes, then so many elements. */
    public <T> List<T> list(String what, int maxCount, Element<T> element) throws WireException {
        int count = u16(what + " count", 0, maxCount);
        var values = new ArrayList<T>();
        for (int i = 0; i < count; i++) {
            values.add(element.read(this));
        }
        return values;
    }

    /** Reads one element of a list. */
    @FunctionalInterface
    public interface Element<T> {
        T read(WireReader in) throws WireException;
    }

    public int remaining() {
        return bytes.length - at;
    }

    /** Refuses a message with bytes behind its end, so that every message has one encoding. */
    public void end(String what) throws WireException {
        if (at != bytes.length) {
            throw new WireException(
                    what + ": expected its end at byte " + at + ", found " + remaining() + " more bytes");
        }
    }

    private static long within(String what, long value, long min, long max) throws WireException {
        if (value < min || value > max) {
            throw new WireException(what + ": expected " + min + " to " + max + ", found " + value);
        }
        return value;
    }

    private void need(int length, String what) throws WireException {
        if (length > bytes.length - at) {
            throw new WireException(what + ": expected " + length + " bytes at " + at + ", found " + remaining());
        }
    }
}
