package io.infergrid.wallet;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/** An immutable word of 32 bytes with value equality: a channel id, a root, a block or transaction hash. */
public final class Bytes32 implements Comparable<Bytes32> {

    public static final Bytes32 ZERO = new Bytes32(new byte[32]);

    private final byte[] bytes;

    private Bytes32(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * @throws IllegalArgumentException unless there are exactly 32 bytes
     */
    public static Bytes32 of(byte[] bytes) {
        if (bytes.length != 32) {
            throw new IllegalArgumentException("expected 32 bytes, found " + bytes.length);
        }
        return new Bytes32(bytes.clone());
    }

    /**
     * Reads 64 hex digits with or without {@code 0x}.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Bytes32 parse(String hex) {
        String digits = hex.startsWith("0x") ? hex.substring(2) : hex;
        if (digits.length() != 64) {
            throw new IllegalArgumentException("expected 32 bytes as 64 hex digits, found " + digits.length());
        }
        return new Bytes32(HexFormat.of().parseHex(digits.toLowerCase(Locale.ROOT)));
    }

    /** The Keccak-256 digest of the parts. */
    public static Bytes32 keccak(byte[]... parts) {
        return new Bytes32(Keccak256.hash(parts));
    }

    /** A non-negative number as a big-endian word. */
    public static Bytes32 ofNumber(BigInteger number) {
        if (number.signum() < 0 || number.bitLength() > 256) {
            throw new IllegalArgumentException("expected a number from 0 to 2^256 - 1");
        }
        byte[] word = new byte[32];
        byte[] value = number.toByteArray();
        int skip = value.length > 32 ? 1 : 0;
        System.arraycopy(value, skip, word, 32 - (value.length - skip), value.length - skip);
        return new Bytes32(word);
    }

    /** A copy of the bytes. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    public BigInteger toNumber() {
        return new BigInteger(1, bytes);
    }

    @Override
    public int compareTo(Bytes32 other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes32 that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** {@code 0x} and 64 hex digits. */
    @Override
    public String toString() {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
