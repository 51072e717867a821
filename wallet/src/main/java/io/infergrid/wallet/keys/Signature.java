package io.infergrid.wallet.keys;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Keccak256;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A recoverable ECDSA signature over a 32-byte digest. Only the one form that OpenZeppelin's {@code ECDSA} takes exists here:
 * 65 bytes, r and s from 1, s in the lower half, v 27 or 28; so a signature has no twin that means the same.
 */
public record Signature(BigInteger r, BigInteger s, int v) {

    public static final int BYTES = 65;

    /**
     * @throws IllegalArgumentException if a part is out of range or s lies in the upper half (a malleated copy)
     */
    public Signature {
        requireScalar("r", r);
        requireScalar("s", s);
        if (s.compareTo(Secp256k1.HALF_ORDER) > 0) {
            throw new IllegalArgumentException(
                    "expected s in the lower half of the order, found a malleated signature");
        }
        if (v != 27 && v != 28) {
            throw new IllegalArgumentException("expected v 27 or 28, found " + v);
        }
    }

    private static void requireScalar(String name, BigInteger value) {
        if (value.signum() <= 0 || value.compareTo(Secp256k1.ORDER) >= 0) {
            throw new IllegalArgumentException(
                    "expected " + name + " from 1 to the order of the curve, found one outside");
        }
    }

    /**
     * @param bytes r, s and v, 65 bytes
     * @throws IllegalArgumentException as the constructor, or if the length is another
     */
    public static Signature parse(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("expected a signature of 65 bytes, found " + bytes.length);
        }
        return new Signature(
                new BigInteger(1, Arrays.copyOf(bytes, 32)),
                new BigInteger(1, Arrays.copyOfRange(bytes, 32, 64)),
                bytes[64] & 0xff);
    }

    public byte[] toBytes() {
        byte[] bytes = new byte[BYTES];
        Secp256k1.put(r, bytes, 0);
        Secp256k1.put(s, bytes, 32);
        bytes[64] = (byte) v;
        return bytes;
    }

    /**
     * Who signed this digest.
     *
     * @throws IllegalArgumentException if no key could have signed so
     */
    public Address signer(byte[] digest) {
        requireDigest(digest);
        byte[] hash = Keccak256.hash(Secp256k1.recover(digest, this));
        return Address.ofUncheckedHex("0x" + HexFormat.of().formatHex(hash, 12, 32));
    }

    /** Whether {@code address} signed this digest; false also where no key could have. */
    public boolean isBy(Address address, byte[] digest) {
        try {
            return signer(digest).equals(address);
        } catch (IllegalArgumentException impossible) {
            return false;
        }
    }

    static void requireDigest(byte[] digest) {
        if (digest.length != 32) {
            throw new IllegalArgumentException("expected a digest of 32 bytes, found " + digest.length);
        }
    }
}
