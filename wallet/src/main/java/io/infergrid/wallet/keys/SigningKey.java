package io.infergrid.wallet.keys;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Keccak256;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A private key in memory until {@link #close()} wipes it. The numbers that a signature needs while it is made cannot be
 * wiped and are left to the collector.
 */
public final class SigningKey implements Signer, AutoCloseable {

    private final byte[] key;
    private final Address address;
    private boolean closed;

    private SigningKey(byte[] key, Address address) {
        this.key = key;
        this.address = address;
    }

    /**
     * @param key 32 bytes, copied
     * @throws IllegalArgumentException unless they are a number from 1 to the order of the curve
     */
    public static SigningKey of(byte[] key) {
        BigInteger number = new BigInteger(1, key);
        if (key.length != 32 || number.signum() == 0 || number.compareTo(Secp256k1.ORDER) >= 0) {
            throw new IllegalArgumentException("expected 32 bytes of a private key of secp256k1");
        }
        byte[] point = Secp256k1.publicPoint(key).getEncoded(false);
        byte[] hash = Keccak256.hash(Arrays.copyOfRange(point, 1, 65));
        return new SigningKey(
                key.clone(), Address.ofUncheckedHex("0x" + HexFormat.of().formatHex(hash, 12, 32)));
    }

    @Override
    public Address address() {
        return address;
    }

    @Override
    public synchronized Signature sign(byte[] digest) {
        Signature.requireDigest(digest);
        if (closed) {
            throw new IllegalStateException("the key of " + address + " is locked: unlock the wallet");
        }
        return Secp256k1.sign(key, digest);
    }

    /** A copy of the 32 bytes; the caller wipes it. */
    public synchronized byte[] secret() {
        if (closed) {
            throw new IllegalStateException("the key of " + address + " is locked: unlock the wallet");
        }
        return key.clone();
    }

    @Override
    public synchronized void close() {
        closed = true;
        Arrays.fill(key, (byte) 0);
    }

    /** The address, never the key. */
    @Override
    public String toString() {
        return "SigningKey[" + address + "]";
    }
}
