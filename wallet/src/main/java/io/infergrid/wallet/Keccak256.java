package io.infergrid.wallet;

import org.bouncycastle.crypto.digests.KeccakDigest;

/** Keccak-256 as Ethereum uses it (the padding from before SHA-3 was a standard). */
public final class Keccak256 {

    private Keccak256() {}

    /** The 32-byte digest of all parts one after the other. */
    public static byte[] hash(byte[]... parts) {
        var digest = new KeccakDigest(256);
        for (byte[] part : parts) {
            digest.update(part, 0, part.length);
        }
        byte[] hash = new byte[32];
        digest.doFinal(hash, 0);
        return hash;
    }
}
