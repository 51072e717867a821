package io.infergrid.libp2p.record;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A payload with the signature of a peer over it (libp2p RFC 0002): public key = 1, payload type = 2, payload = 3, signature = 5. What
 * is signed also holds a domain, which both sides know and which is not sent, so that a signature made for one purpose is none for
 * another. Immutable. Nothing of it is proved until {@link #open} returned.
 */
public final class SignedEnvelope {

    /** No envelope that makes sense is longer. */
    public static final int MAX_BYTES = 16 * 1024;

    private static final int MAX_TYPE_BYTES = 64;
    private static final int MAX_SIGNATURE_BYTES = 2048;

    private final PublicKey signer;
    private final byte[] type;
    private final byte[] payload;
    private final byte[] signature;
    private volatile @Nullable String verifiedFor; // the domain in which the signature was checked and found right

    private SignedEnvelope(PublicKey signer, byte[] type, byte[] payload, byte[] signature) {
        this.signer = signer;
        this.type = type;
        this.payload = payload;
        this.signature = signature;
    }

    /** Signs a payload. */
    public static SignedEnvelope seal(PrivateKey key, String domain, byte[] type, byte[] payload) {
        return seal(key.publicKey(), key::sign, domain, type, payload);
    }

    /**
     * Has a payload signed where the key itself is not at hand.
     *
     * @param sign signs by {@code signer}'s key, as {@code Host.sign} does by the host's
     */
    public static SignedEnvelope seal(
            PublicKey signer, UnaryOperator<byte[]> sign, String domain, byte[] type, byte[] payload) {
        var signature = sign.apply(signed(domain, type, payload));
        return new SignedEnvelope(signer, type.clone(), payload.clone(), signature);
    }

    /** Reads an envelope and checks nothing but its form. */
    public static SignedEnvelope decode(byte[] bytes) throws DecodeException {
        if (bytes.length > MAX_BYTES) {
            throw new DecodeException("envelope: expected at most " + MAX_BYTES + " bytes, found " + bytes.length);
        }
        @Nullable PublicKey signer = null;
        byte @Nullable [] type = null;
        byte @Nullable [] payload = null;
        byte @Nullable [] signature = null;
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> signer = PublicKey.decode(reader.bytes(PublicKey.MAX_ENCODED_BYTES));
                case 2 -> type = reader.bytes(MAX_TYPE_BYTES);
                case 3 -> payload = reader.bytes(MAX_BYTES);
                case 5 -> signature = reader.bytes(MAX_SIGNATURE_BYTES);
                default -> reader.skip();
            }
        }
        if (signer == null || type == null || payload == null || signature == null) {
            throw new DecodeException(
                    "envelope: expected a key, a type, a payload and a signature, found only part of it");
        }
        return new SignedEnvelope(signer, type, payload, signature);
    }

    /** The bytes to pass on, always the same for the same envelope. */
    public byte[] encode() {
        return new ProtoWriter()
                .bytes(1, signer.encode())
                .bytes(2, type)
                .bytes(3, payload)
                .bytes(5, signature)
                .toByteArray();
    }

    /** Who signed, if {@link #open} agrees. */
    public PeerId signer() {
        return signer.peerId();
    }

    /**
     * The payload, after the signature was checked.
     *
     * @throws DecodeException if the payload is of another type, or the key of an unsupported kind
     * @throws ProtocolViolation if the signature is not the key's over this payload in this domain
     */
    public byte[] open(String domain, byte[] expectedType) throws IOException {
        if (!Arrays.equals(type, expectedType)) {
            throw new DecodeException(
                    "envelope: expected type " + Arrays.toString(expectedType) + ", found " + Arrays.toString(type));
        }
        if (!domain.equals(verifiedFor) && !signer.verify(signed(domain, type, payload), signature)) {
            throw new ProtocolViolation(
                    Event.NOT_AUTHENTIC,
                    "envelope: expected a signature of " + signer() + " for " + domain + ", found none");
        }
        verifiedFor = domain;
        return payload.clone();
    }

    /** Domain, type and payload, each with its length before it. */
    private static byte[] signed(String domain, byte[] type, byte[] payload) {
        var out = new ByteArrayOutputStream(payload.length + 64);
        for (var part : new byte[][] {domain.getBytes(StandardCharsets.UTF_8), type, payload}) {
            Uvarint.write(out, part.length);
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SignedEnvelope that && Arrays.equals(encode(), that.encode());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(signature);
    }

    @Override
    public String toString() {
        return "envelope of " + signer() + ", " + payload.length + " bytes";
    }
}
