package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** An Ed25519 identity: the key that a node signs with and is named after. Never printed. */
public final class PrivateKey {

    private static final int MAX_ENCODED_BYTES = 128;

    private final byte[] seed;
    private final PublicKey publicKey;

    private PrivateKey(byte[] seed) {
        this.seed = seed;
        var point = new byte[Ed25519.PUBLIC_KEY_SIZE];
        Ed25519.generatePublicKey(seed, 0, point, 0);
        publicKey = PublicKey.ed25519(point);
    }

    public static PrivateKey generate() {
        var seed = new byte[Ed25519.SECRET_KEY_SIZE];
        new SecureRandom().nextBytes(seed);
        return new PrivateKey(seed);
    }

    /** The key of a 32-byte seed (RFC 8032). */
    public static PrivateKey fromSeed(byte[] seed) {
        if (seed.length != Ed25519.SECRET_KEY_SIZE) {
            throw new IllegalArgumentException("Ed25519 seed: expected 32 bytes, found " + seed.length);
        }
        return new PrivateKey(seed.clone());
    }

    /** Reads libp2p's protobuf form: {@code Type = 1, Data = 2}, the data being the seed and the public key. */
    public static PrivateKey decode(byte[] encoded) throws DecodeException {
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
        if (type != KeyType.ED25519 || data == null) {
            throw new DecodeException("private key: expected an Ed25519 key, found " + type);
        }
        if (data.length != Ed25519.SECRET_KEY_SIZE + Ed25519.PUBLIC_KEY_SIZE) {
            throw new DecodeException("private key: expected 64 bytes, found " + data.length);
        }
        var key = new PrivateKey(Arrays.copyOf(data, Ed25519.SECRET_KEY_SIZE));
        if (!Arrays.equals(key.publicKey.data(), Arrays.copyOfRange(data, Ed25519.SECRET_KEY_SIZE, data.length))) {
            throw new DecodeException("private key: its public half does not belong to it");
        }
        return key;
    }

    public byte[] encode() {
        var data = Arrays.copyOf(seed, Ed25519.SECRET_KEY_SIZE + Ed25519.PUBLIC_KEY_SIZE);
        System.arraycopy(publicKey.data(), 0, data, Ed25519.SECRET_KEY_SIZE, Ed25519.PUBLIC_KEY_SIZE);
        return new ProtoWriter()
                .varint(1, KeyType.ED25519.ordinal())
                .bytes(2, data)
                .toByteArray();
    }

    public PublicKey publicKey() {
        return publicKey;
    }

    public PeerId peerId() {
        return publicKey.peerId();
    }

    public byte[] sign(byte[] message) {
        var signature = new byte[Ed25519.SIGNATURE_SIZE];
        Ed25519.sign(seed, 0, message, 0, message.length, signature, 0);
        return signature;
    }

    @Override
    public String toString() {
        return "private key of " + peerId();
    }
}
