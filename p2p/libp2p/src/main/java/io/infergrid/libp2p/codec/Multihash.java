package io.infergrid.libp2p.codec;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A digest that says how it was made: {@code uvarint code, uvarint length, digest}. Known here are the two that peer ids use.
 *
 * @param code {@link #IDENTITY} or {@link #SHA2_256}
 * @param digest the digest; not to be changed
 */
public record Multihash(long code, byte[] digest) {

    /** The bytes themselves in place of a digest. */
    public static final long IDENTITY = 0x00;

    public static final long SHA2_256 = 0x12;

    /** The longest identity digest of a peer id. */
    public static final int MAX_IDENTITY_BYTES = 42;

    public static Multihash identity(byte[] bytes) {
        return new Multihash(IDENTITY, bytes.clone());
    }

    public static Multihash sha256(byte[] bytes) {
        try {
            return new Multihash(SHA2_256, MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    public static Multihash decode(byte[] bytes) throws DecodeException {
        var in = ByteBuffer.wrap(bytes);
        long code = Uvarint.read(in);
        long length = Uvarint.read(in);
        if (length != in.remaining()) {
            throw new DecodeException("multihash: expected " + length + " bytes of digest, found " + in.remaining());
        }
        if (code == IDENTITY && length > MAX_IDENTITY_BYTES) {
            throw new DecodeException(
                    "multihash: expected at most " + MAX_IDENTITY_BYTES + " identity bytes, found " + length);
        }
        if (code == SHA2_256 && length != 32) {
            throw new DecodeException("multihash: expected 32 bytes of SHA-256, found " + length);
        }
        if (code != IDENTITY && code != SHA2_256) {
            throw new DecodeException("multihash: expected identity or sha2-256, found code " + code);
        }
        var digest = new byte[in.remaining()];
        in.get(digest);
        return new Multihash(code, digest);
    }

    public byte[] encode() {
        var out = new ByteArrayOutputStream();
        Uvarint.write(out, code);
        Uvarint.write(out, digest.length);
        out.writeBytes(digest);
        return out.toByteArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Multihash that && code == that.code && Arrays.equals(digest, that.digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest) * 31 + Long.hashCode(code);
    }
}
