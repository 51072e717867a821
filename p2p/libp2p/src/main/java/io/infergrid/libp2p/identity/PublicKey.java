package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.Arrays;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.jspecify.annotations.Nullable;

/**
 * The public half of an identity, in the protobuf form of the libp2p specs: {@code Type = 1, Data = 2}. Every kind of
 * the specs verifies: Ed25519, secp256k1, ECDSA on P-256, and RSA of 2048 to 8192 bits.
 */
public final class PublicKey {

    /** Larger than an RSA key of 8192 bits. */
    public static final int MAX_ENCODED_BYTES = 4096;

    private final KeyType type;
    private final byte[] data;
    private Ed25519.@Nullable PublicPoint
            point; // found to be one of the curve at the first use; immutable, so a race is harmless

    private PublicKey(KeyType type, byte[] data) {
        this.type = type;
        this.data = data;
    }

    public static PublicKey ed25519(byte[] point) {
        if (point.length != Ed25519.PUBLIC_KEY_SIZE) {
            throw new IllegalArgumentException("Ed25519 key: expected 32 bytes, found " + point.length);
        }
        return new PublicKey(KeyType.ED25519, point.clone());
    }

    /** Reads the protobuf form, which must be the canonical one: the bytes that {@link #encode} writes. */
    public static PublicKey decode(byte[] encoded) throws DecodeException {
        if (encoded.length > MAX_ENCODED_BYTES) {
            throw new DecodeException("key: expected at most " + MAX_ENCODED_BYTES + " bytes, found " + encoded.length);
        }
        KeyType type = null;
        byte[] data = null;
        var reader = new ProtoReader(encoded);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> type = KeyType.of(reader.varint());
                case 2 -> data = reader.bytes(MAX_ENCODED_BYTES);
                default -> reader.skip();
            }
        }
        if (type == null || data == null) {
            throw new DecodeException("key: expected a type and data, found only part of it");
        }
        KeyScheme.of(type).check(data);
        var key = new PublicKey(type, data);
        if (!Arrays.equals(key.encode(), encoded)) {
            throw new DecodeException("key: expected the canonical protobuf, found another form of the same key");
        }
        return key;
    }

    public byte[] encode() {
        return new ProtoWriter().varint(1, type.ordinal()).bytes(2, data).toByteArray();
    }

    public KeyType type() {
        return type;
    }

    /** The key as its kind writes it: the point for Ed25519 and secp256k1, a {@code SubjectPublicKeyInfo} for ECDSA and RSA. */
    public byte[] data() {
        return data.clone();
    }

    public PeerId peerId() {
        return PeerId.of(this);
    }

    /**
     * Whether the signature is this key's over the message; strict: bytes out of form and numbers out of range are no signature.
     *
     * @throws DecodeException if the key is no point of its curve, which {@link #decode} does not look at
     */
    public boolean verify(byte[] message, byte[] signature) throws DecodeException {
        if (type == KeyType.ED25519) {
            return verifyEd25519(message, signature);
        }
        return KeyScheme.of(type).verify(data, message, signature);
    }

    /** A key that verifies more than once is checked and decompressed once: that is a third of the work. */
    private boolean verifyEd25519(byte[] message, byte[] signature) {
        var known = point;
        if (known == null) {
            known = Ed25519.validatePublicKeyFullExport(data, 0);
            point = known;
        }
        return known != null
                && signature.length == Ed25519.SIGNATURE_SIZE
                && Ed25519.verify(signature, 0, known, message, 0, message.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKey that && type == that.type && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(data) * 31 + type.hashCode();
    }

    @Override
    public String toString() {
        return type + " " + peerId();
    }
}
