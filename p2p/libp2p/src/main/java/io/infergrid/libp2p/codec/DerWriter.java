package io.infergrid.libp2p.codec;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.function.Consumer;

/** Writes ASN.1 values in DER, one after the other in the order of the calls; {@link DerReader} reads them. */
public final class DerWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public DerWriter value(int tag, byte[] content) {
        out.write(tag);
        int length = content.length;
        if (length < 0x80) {
            out.write(length);
        } else {
            int count = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
            out.write(0x80 | count);
            for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
                out.write(length >>> shift);
            }
        }
        out.writeBytes(content);
        return this;
    }

    /** A value that holds others, written by {@code inside}. */
    public DerWriter enter(int tag, Consumer<DerWriter> inside) {
        var writer = new DerWriter();
        inside.accept(writer);
        return value(tag, writer.toByteArray());
    }

    public DerWriter sequence(Consumer<DerWriter> inside) {
        return enter(DerReader.SEQUENCE, inside);
    }

    public DerWriter integer(BigInteger value) {
        return value(DerReader.INTEGER, value.toByteArray());
    }

    public DerWriter bits(byte[] bytes) {
        var content = new byte[bytes.length + 1];
        System.arraycopy(bytes, 0, content, 1, bytes.length);
        return value(DerReader.BIT_STRING, content);
    }

    public DerWriter octets(byte[] bytes) {
        return value(DerReader.OCTET_STRING, bytes);
    }

    public DerWriter oid(DerReader.Oid oid) {
        return value(DerReader.OID, oid.content());
    }

    /** A value that is in DER already. */
    public DerWriter raw(byte[] element) {
        out.writeBytes(element);
        return this;
    }

    public byte[] toByteArray() {
        return out.toByteArray();
    }
}
