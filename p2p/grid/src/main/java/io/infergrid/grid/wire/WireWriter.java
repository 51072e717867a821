package io.infergrid.grid.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.grid.Hash;
import java.util.Arrays;

/** Builds one message. Not thread-safe. */
public final class WireWriter {

    private byte[] bytes;
    private int size;

    public WireWriter() {
        this(256);
    }

    public WireWriter(int capacity) {
        bytes = new byte[capacity];
    }

    public WireWriter u8(int value) {
        reserve(1);
        bytes[size++] = (byte) value;
        return this;
    }

    public WireWriter bool(boolean value) {
        return u8(value ? 1 : 0);
    }

    public WireWriter u16(int value) {
        return u8(value >>> 8).u8(value);
    }

    public WireWriter i32(int value) {
        return u16(value >>> 16).u16(value);
    }

    public WireWriter i64(long value) {
        return i32((int) (value >>> 32)).i32((int) value);
    }

    public WireWriter f32(float value) {
        return i32(Float.floatToRawIntBits(value));
    }

    /** Bytes whose number the reader knows. */
    public WireWriter raw(byte[] value) {
        return raw(value, 0, value.length);
    }

    public WireWriter raw(byte[] value, int from, int length) {
        reserve(length);
        System.arraycopy(value, from, bytes, size, length);
        size += length;
        return this;
    }

    public WireWriter hash(Hash hash) {
        return raw(hash.bytes());
    }

    /** Length as 4 bytes, then the bytes. */
    public WireWriter blob(byte[] value) {
        return i32(value.length).raw(value);
    }

    /** Length in bytes as 2 bytes, then UTF-8. */
    public WireWriter text(String value) {
        byte[] utf8 = value.getBytes(UTF_8);
        if (utf8.length > 0xffff) {
            throw new IllegalArgumentException("expected text of up to 65535 bytes, found " + utf8.length);
        }
        return u16(utf8.length).raw(utf8);
    }

    public int size() {
        return size;
    }

    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private void reserve(int more) {
        if (more > bytes.length - size) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length * 2));
        }
    }
}
