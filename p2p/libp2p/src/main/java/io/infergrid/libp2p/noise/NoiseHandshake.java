package io.infergrid.libp2p.noise;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.Security.Secured;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of {@code /noise} over a raw connection (libp2p specs, noise). The other side's signature is checked before anything
 * else that it said is looked at; a dialler also checks that it reached the peer that it meant. For one thread; whoever calls bounds
 * the time by closing the connection.
 */
public final class NoiseHandshake {

    public static final String PROTOCOL = "/noise";

    private static final int MAX_MESSAGE = 4096;

    private final NoiseIdentity own;
    private final RawConnection wire;
    private final NoiseXX noise;
    private final boolean initiator;

    public NoiseHandshake(NoiseIdentity own, RawConnection wire, boolean initiator) throws IOException {
        this.own = own;
        this.wire = wire;
        this.initiator = initiator;
        try {
            noise = new NoiseXX(initiator, own.staticKey(), X25519Pair.generate(), new byte[0]);
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java platform lacks ChaCha20-Poly1305, SHA-256 or HKDF: " + e.getMessage(), e);
        }
    }

    /** The dialler's first message with its length, to be sent together with the proposal of {@code /noise}. */
    public byte[] firstMessage() throws IOException {
        try {
            return framed(noise.write(new byte[0]));
        } catch (GeneralSecurityException e) {
            throw failed(e);
        }
    }

    /** The dialler's part after {@link #firstMessage}. */
    public Secured initiate(@Nullable PeerId expected, BufferPool buffers) throws IOException {
        try {
            var theirs = verified(noise.read(message()), expected);
            var muxer = muxer(theirs);
            wire.out().write(framed(noise.write(own.payload())));
            return secured(theirs, muxer, buffers);
        } catch (GeneralSecurityException e) {
            throw failed(e);
        }
    }

    /** The listener's part. */
    public Secured respond(BufferPool buffers) throws IOException {
        try {
            noise.read(message()); // a payload here is not authenticated, so it is dropped
            wire.out().write(framed(noise.write(own.payload())));
            var theirs = verified(noise.read(message()), null);
            return secured(theirs, muxer(theirs), buffers);
        } catch (GeneralSecurityException e) {
            throw failed(e);
        }
    }

    private Secured secured(HandshakePayload theirs, @Nullable String muxer, BufferPool buffers)
            throws GeneralSecurityException {
        return new Secured(
                new NoiseChannel(wire, noise.split(), buffers),
                theirs.identity().peerId(),
                muxer);
    }

    private HandshakePayload verified(byte[] bytes, @Nullable PeerId expected) throws IOException {
        var payload = HandshakePayload.decode(bytes);
        if (!payload.vouchesFor(noise.theirStatic())) {
            throw new ProtocolViolation(
                    Event.NOT_AUTHENTIC, "noise: the static key is not signed by the identity that claims it");
        }
        var remote = payload.identity().peerId();
        if (expected != null && !expected.equals(remote)) {
            throw new ProtocolViolation(Event.WRONG_PEER, "dialled peer " + expected + ", found " + remote);
        }
        return payload;
    }

    /** The first of the initiator's list that both have; both sides come to the same. */
    private @Nullable String muxer(HandshakePayload theirs) throws ProtocolViolation {
        List<String> offered = initiator ? own.muxers() : theirs.muxers();
        List<String> spoken = initiator ? theirs.muxers() : own.muxers();
        if (offered == null || spoken == null) {
            return null;
        }
        return offered.stream()
                .filter(spoken::contains)
                .findFirst()
                .orElseThrow(() -> new ProtocolViolation(
                        Event.HANDSHAKE_FAILED, "noise: expected a common multiplexer, found " + spoken));
    }

    private byte[] message() throws IOException {
        var length = new byte[2];
        wire.in().readFully(length, 0, 2);
        int n = (length[0] & 0xff) << 8 | length[1] & 0xff;
        if (n > MAX_MESSAGE) {
            throw new DecodeException(
                    "noise handshake: expected a message of at most " + MAX_MESSAGE + " bytes, found " + n);
        }
        var message = new byte[n];
        wire.in().readFully(message, 0, n);
        return message;
    }

    private static byte[] framed(byte[] message) {
        return ByteBuffer.allocate(2 + message.length)
                .putShort((short) message.length)
                .put(message)
                .array();
    }

    private static ProtocolViolation failed(GeneralSecurityException e) {
        return new ProtocolViolation(Event.NOT_AUTHENTIC, "noise handshake failed: " + e.getMessage());
    }
}
