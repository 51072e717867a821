package io.infergrid.libp2p;

import io.infergrid.libp2p.codec.Base58;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.identity.PublicKey;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A peer's identity: the multihash of its public key (libp2p specs, peer-ids). Keys of up to 42 bytes, Ed25519 among them, are held
 * as they are, so that the key can be had from the id; longer ones by their SHA-256. Prints as base58, e.g. {@code 12D3Koo...}.
 */
public final class PeerId implements Comparable<PeerId> {

    private final byte[] multihash;
    private @Nullable String text; // made when first asked for; two threads may both make it

    private PeerId(byte[] multihash) {
        this.multihash = multihash;
    }

    public static PeerId of(PublicKey key) {
        var encoded = key.encode();
        var hash = encoded.length <= Multihash.MAX_IDENTITY_BYTES
                ? Multihash.identity(encoded)
                : Multihash.sha256(encoded);
        return new PeerId(hash.encode());
    }

    /**
     * Reads a multihash: an identity hash around a canonical public key, or a SHA-256.
     *
     * @throws DecodeException if it is anything else
     */
    public static PeerId decode(byte[] multihash) throws DecodeException {
        var hash = Multihash.decode(multihash);
        if (hash.code() == Multihash.IDENTITY) {
            PublicKey.decode(hash.digest());
        }
        return new PeerId(multihash.clone());
    }

    /**
     * Reads the base58 form.
     *
     * @throws IllegalArgumentException if the text is no peer id
     */
    public static PeerId parse(String text) {
        try {
            return decode(Base58.decode(text));
        } catch (DecodeException e) {
            throw new IllegalArgumentException("peer id: " + e.getMessage(), e);
        }
    }

    /** The key, where the id holds it: of Ed25519 and secp256k1 peers. */
    public Optional<PublicKey> publicKey() {
        try {
            var hash = Multihash.decode(multihash);
            return hash.code() == Multihash.IDENTITY ? Optional.of(PublicKey.decode(hash.digest())) : Optional.empty();
        } catch (DecodeException e) {
            throw new IllegalStateException("a peer id is only made of a multihash that was read before", e);
        }
    }

    /** The multihash. */
    public byte[] bytes() {
        return multihash.clone();
    }

    @Override
    public int compareTo(PeerId other) {
        return Arrays.compareUnsigned(multihash, other.multihash);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PeerId that && Arrays.equals(multihash, that.multihash);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(multihash);
    }

    /** Base58. */
    @Override
    public String toString() {
        String made = text;
        if (made == null) {
            made = Base58.encode(multihash);
            text = made;
        }
        return made;
    }
}
