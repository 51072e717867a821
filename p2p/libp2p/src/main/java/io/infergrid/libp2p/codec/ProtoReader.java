package io.infergrid.libp2p.codec;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Walks over the fields of one protobuf message:
 *
 * <pre>{@code
 * var reader = new ProtoReader(bytes);
 * while (reader.next()) {
 *     switch (reader.field()) {
 *         case 1 -> key = reader.bytes(4096);
 *         default -> reader.skip();
 *     }
 * }
 * }</pre>
 *
 * Every field that {@link #next} announces is to be read or skipped. Lengths are checked before memory is taken.
 */
public final class ProtoReader {

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final ByteBuffer in;
    private int field;
    private int wireType;

    public ProtoReader(byte[] message) {
        in = ByteBuffer.wrap(message);
    }

    /** Moves to the next field; false at the end of the message. */
    public boolean next() throws DecodeException {
        if (!in.hasRemaining()) {
            return false;
        }
        long tag = Uvarint.read(in);
        if (tag >>> 3 == 0 || tag >>> 3 > 0x1fffffff) {
            throw new DecodeException("protobuf: expected a field number, found " + (tag >>> 3));
        }
        field = (int) (tag >>> 3);
        wireType = (int) (tag & 7);
        return true;
    }

    public int field() {
        return field;
    }

    public long varint() throws DecodeException {
        expect(VARINT);
        return Uvarint.read(in);
    }

    public long fixed64() throws DecodeException {
        expect(FIXED64);
        if (in.remaining() < 8) {
            throw new DecodeException("protobuf: expected 8 bytes of field " + field + ", found " + in.remaining());
        }
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value |= (in.get() & 0xffL) << 8 * i;
        }
        return value;
    }

    public byte[] bytes(int max) throws DecodeException {
        expect(BYTES);
        int length = length();
        if (length > max) {
            throw new DecodeException(
                    "protobuf: expected at most " + max + " bytes in field " + field + ", found " + length);
        }
        var value = new byte[length];
        in.get(value);
        return value;
    }

    public String text(int max) throws DecodeException {
        var value = bytes(max);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DecodeException("protobuf: expected UTF-8 in field " + field + ", found other bytes");
        }
    }

    public void skip() throws DecodeException {
        switch (wireType) {
            case VARINT -> skipVarint();
            case FIXED64 -> skip(8);
            case BYTES -> skip(length());
            case FIXED32 -> skip(4);
            default -> throw new DecodeException("protobuf: expected wire type 0, 1, 2 or 5, found " + wireType);
        }
    }

    /** A field that nobody reads may hold a negative int64, which takes ten bytes. */
    private void skipVarint() throws DecodeException {
        for (int i = 0; i < 10; i++) {
            if (!in.hasRemaining()) {
                throw new DecodeException("protobuf: expected another byte of field " + field + ", found the end");
            }
            if (in.get() >= 0) {
                return;
            }
        }
        throw new DecodeException("protobuf: expected at most 10 bytes of varint in field " + field + ", found more");
    }

    private void skip(int length) throws DecodeException {
        if (length > in.remaining()) {
            throw new DecodeException(
                    "protobuf: expected " + length + " bytes of field " + field + ", found " + in.remaining());
        }
        in.position(in.position() + length);
    }

    private int length() throws DecodeException {
        long length = Uvarint.read(in);
        if (length > in.remaining()) {
            throw new DecodeException(
                    "protobuf: expected " + length + " bytes of field " + field + ", found " + in.remaining());
        }
        return (int) length;
    }

    private void expect(int type) throws DecodeException {
        if (wireType != type) {
            throw new DecodeException(
                    "protobuf: expected wire type " + type + " for field " + field + ", found " + wireType);
        }
    }
}
