package io.infergrid.libp2p.codec;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes one protobuf message, field by field in the order of the calls. */
public final class ProtoWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public ProtoWriter varint(int field, long value) {
        Uvarint.write(out, (long) field << 3);
        Uvarint.write(out, value);
        return this;
    }

    public ProtoWriter fixed64(int field, long value) {
        Uvarint.write(out, (long) field << 3 | 1);
        for (int i = 0; i < 8; i++) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    public ProtoWriter bytes(int field, byte[] value) {
        Uvarint.write(out, (long) field << 3 | 2);
        Uvarint.write(out, value.length);
        out.writeBytes(value);
        return this;
    }

    public ProtoWriter text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    public byte[] toByteArray() {
        return out.toByteArray();
    }
}
