package io.infergrid.libp2p.codec;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Walks over ASN.1 values in DER (ITU-T X.690), the strict subset that keys, signatures and certificates are made of: tags below 31,
 * definite lengths in their shortest form. A length is held against what is left before anything is done with it, and nothing here
 * recurses, so that hostile bytes cost no more than their own number. For one thread.
 */
public final class DerReader {

    public static final int BOOLEAN = 0x01;
    public static final int INTEGER = 0x02;
    public static final int BIT_STRING = 0x03;
    public static final int OCTET_STRING = 0x04;
    public static final int NULL = 0x05;
    public static final int OID = 0x06;
    public static final int UTC_TIME = 0x17;
    public static final int GENERALIZED_TIME = 0x18;
    public static final int SEQUENCE = 0x30;

    private static final int LONG_TAG = 0x1f;

    private final byte[] bytes;
    private final int end;
    private int position;

    public DerReader(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private DerReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.position = from;
        this.end = end;
    }

    public boolean hasMore() {
        return position < end;
    }

    /** The tag of the next value, 0 at the end. */
    public int tag() {
        return hasMore() ? bytes[position] & 0xff : 0;
    }

    /** What is inside the next value, which must have that tag. */
    public DerReader enter(int tag) throws DecodeException {
        int start = content(tag);
        return new DerReader(bytes, start, position);
    }

    public DerReader sequence() throws DecodeException {
        return enter(SEQUENCE);
    }

    /** The next value as it stands, with tag and length. */
    public byte[] element() throws DecodeException {
        int start = position;
        content(tag());
        return Arrays.copyOfRange(bytes, start, position);
    }

    /** The content of the next value, which must have that tag. */
    public byte[] content(int tag, int max) throws DecodeException {
        int start = content(tag);
        if (position - start > max) {
            throw new DecodeException(
                    "DER: expected at most " + max + " bytes of " + name(tag) + ", found " + (position - start));
        }
        return Arrays.copyOfRange(bytes, start, position);
    }

    /** A non-negative integer of at most {@code maxBits}. */
    public BigInteger unsigned(int maxBits) throws DecodeException {
        var content = content(INTEGER, maxBits / 8 + 1);
        if (content.length == 0) {
            throw new DecodeException("DER: expected an INTEGER, found an empty one");
        }
        if (content[0] < 0) {
            throw new DecodeException("DER: expected a positive INTEGER, found a negative one");
        }
        if (content.length > 1 && content[0] == 0 && content[1] >= 0) {
            throw new DecodeException("DER: expected an INTEGER in its shortest form, found leading zeros");
        }
        var value = new BigInteger(1, content);
        if (value.bitLength() > maxBits) {
            throw new DecodeException(
                    "DER: expected an INTEGER of at most " + maxBits + " bits, found " + value.bitLength());
        }
        return value;
    }

    /** A bit string of whole bytes. */
    public byte[] bits(int maxBytes) throws DecodeException {
        var content = content(BIT_STRING, maxBytes + 1);
        if (content.length == 0 || content[0] != 0) {
            throw new DecodeException("DER: expected a BIT STRING of whole bytes, found another");
        }
        return Arrays.copyOfRange(content, 1, content.length);
    }

    /** The content of an object identifier, to be compared with {@link DerWriter#oid}'s. */
    public Oid oid() throws DecodeException {
        return new Oid(content(OID, 64));
    }

    /** Fails unless everything was read. */
    public void expectEnd() throws DecodeException {
        if (hasMore()) {
            throw new DecodeException("DER: expected the end, found " + (end - position) + " bytes more");
        }
    }

    /** Moves past the next value and returns where its content starts; it ends at {@link #position}. */
    private int content(int tag) throws DecodeException {
        if (!hasMore()) {
            throw new DecodeException("DER: expected " + name(tag) + ", found the end");
        }
        int found = bytes[position] & 0xff;
        if ((found & LONG_TAG) == LONG_TAG || found != tag) {
            throw new DecodeException("DER: expected " + name(tag) + ", found " + name(found));
        }
        int at = position + 1;
        int length = at < end ? bytes[at++] & 0xff : -1;
        if (length >= 0x80) {
            int count = length & 0x7f;
            if (count == 0 || count > 3 || count > end - at) {
                throw new DecodeException("DER: expected a length within " + (end - at) + " bytes, found another form");
            }
            length = 0;
            for (int i = 0; i < count; i++) {
                length = length << 8 | bytes[at++] & 0xff;
            }
            if (length < 0x80 || length >>> 8 * (count - 1) == 0) {
                throw new DecodeException("DER: expected a length in its shortest form, found a longer one");
            }
        }
        if (length < 0 || length > end - at) {
            throw new DecodeException("DER: expected " + length + " bytes of " + name(tag) + ", found " + (end - at));
        }
        position = at + length;
        return at;
    }

    private static String name(int tag) {
        return switch (tag) {
            case BOOLEAN -> "BOOLEAN";
            case INTEGER -> "INTEGER";
            case BIT_STRING -> "BIT STRING";
            case OCTET_STRING -> "OCTET STRING";
            case NULL -> "NULL";
            case OID -> "OBJECT IDENTIFIER";
            case SEQUENCE -> "SEQUENCE";
            default -> "tag " + tag;
        };
    }

    /** An object identifier by its encoded content. */
    public static final class Oid {

        private final byte[] content;

        private Oid(byte[] content) {
            this.content = content;
        }

        /** Reads the dotted form of a constant in the program, e.g. {@code 1.2.840.10045.2.1}. */
        public static Oid of(String dotted) {
            var parts = Arrays.stream(dotted.split("\\.", -1))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            var out = new java.io.ByteArrayOutputStream();
            arc(out, parts[0] * 40 + parts[1]);
            for (int i = 2; i < parts.length; i++) {
                arc(out, parts[i]);
            }
            return new Oid(out.toByteArray());
        }

        private static void arc(java.io.ByteArrayOutputStream out, int arc) {
            for (int shift = 28; shift > 0; shift -= 7) {
                if (arc >>> shift != 0) {
                    out.write(arc >>> shift & 0x7f | 0x80);
                }
            }
            out.write(arc & 0x7f);
        }

        byte[] content() {
            return content;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Oid that && Arrays.equals(content, that.content);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(content);
        }

        /** The encoded content in hexadecimal digits. */
        @Override
        public String toString() {
            return HexFormat.of().formatHex(content);
        }
    }
}
