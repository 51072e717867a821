package io.infergrid.libp2p.noise;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What each side says in the handshake, sealed: its identity key, that key's signature over its Noise static key, and the
 * multiplexers that it speaks ({@code NoiseHandshakePayload}: identity_key = 1, identity_sig = 2, extensions = 4 with stream_muxers
 * = 2).
 *
 * @param muxers null if the other side did not send the extension
 */
record HandshakePayload(
        PublicKey identity, byte[] signature, @Nullable List<String> muxers) {

    private static final byte[] DOMAIN =
            "noise-libp2p-static-key:".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int MAX_SIGNATURE = 1024;
    private static final int MAX_EXTENSIONS = 2048;
    private static final int MAX_MUXERS = 16;
    private static final int MAX_MUXER = 128;

    static HandshakePayload sign(PrivateKey identity, byte[] noiseStatic, @Nullable List<String> muxers) {
        return new HandshakePayload(identity.publicKey(), identity.sign(signed(noiseStatic)), muxers);
    }

    /** Whether the identity vouches for the static key of the handshake. */
    boolean vouchesFor(byte[] noiseStatic) throws DecodeException {
        return identity.verify(signed(noiseStatic), signature);
    }

    static HandshakePayload decode(byte[] bytes) throws DecodeException {
        byte[] key = null;
        byte[] signature = null;
        List<String> muxers = null;
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> key = reader.bytes(PublicKey.MAX_ENCODED_BYTES);
                case 2 -> signature = reader.bytes(MAX_SIGNATURE);
                case 4 -> muxers = muxers(reader.bytes(MAX_EXTENSIONS));
                default -> reader.skip();
            }
        }
        if (key == null || signature == null) {
            throw new DecodeException(
                    "noise payload: expected an identity key and its signature, found only part of it");
        }
        return new HandshakePayload(PublicKey.decode(key), signature, muxers);
    }

    private static @Nullable List<String> muxers(byte[] extensions) throws DecodeException {
        var muxers = new ArrayList<String>();
        var reader = new ProtoReader(extensions);
        while (reader.next()) {
            if (reader.field() != 2) {
                reader.skip();
            } else if (muxers.size() == MAX_MUXERS) {
                throw new DecodeException("noise payload: expected at most " + MAX_MUXERS + " muxers, found more");
            } else {
                muxers.add(reader.text(MAX_MUXER));
            }
        }
        return muxers.isEmpty() ? null : List.copyOf(muxers);
    }

    byte[] encode() {
        var writer = new ProtoWriter().bytes(1, identity.encode()).bytes(2, signature);
        if (muxers != null) {
            var extensions = new ProtoWriter();
            muxers.forEach(m -> extensions.text(2, m));
            writer.bytes(4, extensions.toByteArray());
        }
        return writer.toByteArray();
    }

    private static byte[] signed(byte[] noiseStatic) {
        var bytes = java.util.Arrays.copyOf(DOMAIN, DOMAIN.length + noiseStatic.length);
        System.arraycopy(noiseStatic, 0, bytes, DOMAIN.length, noiseStatic.length);
        return bytes;
    }
}
