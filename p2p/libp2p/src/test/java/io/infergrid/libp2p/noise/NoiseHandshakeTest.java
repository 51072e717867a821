package io.infergrid.libp2p.noise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Bounded;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.transport.WireInput;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** A real host against one that follows the pattern of the handshake but not its rules. */
class NoiseHandshakeTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final List<String> YAMUX = List.of("/yamux/1.0.0");

    /** What the other side says of itself, given its static key. */
    private interface Payload {
        byte[] of(byte[] staticKey);
    }

    private static byte[] signatureOverAnotherKey(byte[] staticKey) {
        return HandshakePayload.sign(PrivateKey.generate(), new byte[32], YAMUX).encode();
    }

    private static byte[] signatureOfAnother(byte[] staticKey) {
        var honest = HandshakePayload.sign(PrivateKey.generate(), staticKey, YAMUX);
        return new HandshakePayload(PrivateKey.generate().publicKey(), honest.signature(), YAMUX).encode();
    }

    private static byte[] tamperedSignature(byte[] staticKey) {
        var honest = HandshakePayload.sign(PrivateKey.generate(), staticKey, YAMUX);
        honest.signature()[10] ^= 1;
        return honest.encode();
    }

    private static byte[] noSignature(byte[] staticKey) {
        return new ProtoWriter()
                .bytes(1, PrivateKey.generate().publicKey().encode())
                .toByteArray();
    }

    private static byte[] nothing(byte[] staticKey) {
        return new byte[0];
    }

    private static byte[] noPoint(byte[] staticKey) {
        var key = new ProtoWriter().varint(1, 2).bytes(2, new byte[33]).toByteArray();
        return new ProtoWriter().bytes(1, key).bytes(2, new byte[64]).toByteArray();
    }

    private static byte[] anotherMuxer(byte[] staticKey) {
        return HandshakePayload.sign(PrivateKey.generate(), staticKey, List.of("/mplex/6.7.0"))
                .encode();
    }

    @Example
    void a_dialler_that_does_not_prove_its_identity() throws Exception {
        assertRefused(NoiseHandshakeTest::signatureOverAnotherKey, Event.NOT_AUTHENTIC);
        assertRefused(NoiseHandshakeTest::signatureOfAnother, Event.NOT_AUTHENTIC);
        assertRefused(NoiseHandshakeTest::tamperedSignature, Event.NOT_AUTHENTIC);
        assertRefused(NoiseHandshakeTest::noSignature, Event.MALFORMED);
        assertRefused(NoiseHandshakeTest::nothing, Event.MALFORMED);
        assertRefused(NoiseHandshakeTest::noPoint, Event.MALFORMED);
        assertRefused(NoiseHandshakeTest::anotherMuxer, Event.HANDSHAKE_FAILED);
    }

    private static void assertRefused(Payload payload, Event event) throws Exception {
        try (var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
                var raw = TcpTransport.dial(
                        TcpTransport.resolve(host.addresses().getFirst()).getFirst(), LIMIT)) {
            var staticKey = X25519Pair.generate();
            var noise = new NoiseXX(true, staticKey, X25519Pair.generate(), new byte[0]);
            raw.out().write(MultistreamSelect.proposal("/noise"));
            MultistreamSelect.expect(raw.in(), "/noise");
            write(raw, noise.write(new byte[0]));
            noise.read(read(raw));
            write(raw, noise.write(payload.of(staticKey.point())));
            assertThat(raw.in().read()).isEqualTo(-1);
            assertThat(host.counters().of(event)).as(event.toString()).isEqualTo(1);
            assertThat(host.connections()).isEmpty();
        }
    }

    @Example
    void a_listener_that_does_not_prove_its_identity() throws Exception {
        assertRefusedByDialler(NoiseHandshakeTest::signatureOverAnotherKey, "not signed by the identity");
        assertRefusedByDialler(NoiseHandshakeTest::signatureOfAnother, "not signed by the identity");
        assertRefusedByDialler(NoiseHandshakeTest::tamperedSignature, "not signed by the identity");
        assertRefusedByDialler(NoiseHandshakeTest::nothing, "expected an identity key and its signature");
        assertRefusedByDialler(NoiseHandshakeTest::noPoint, "expected a compressed point");
    }

    private static void assertRefusedByDialler(Payload payload, String message) throws Exception {
        try (var server = new ServerSocket(0);
                Swarm host = new HostBuilder().start()) {
            Thread.ofVirtual().start(() -> {
                try (var raw = TcpTransport.wrap(server.accept())) {
                    var staticKey = X25519Pair.generate();
                    var noise = new NoiseXX(false, staticKey, X25519Pair.generate(), new byte[0]);
                    MultistreamSelect.answer(raw.in(), raw.out(), "/noise"::equals);
                    noise.read(read(raw));
                    write(raw, noise.write(payload.of(staticKey.point())));
                    raw.in().readAllBytes();
                } catch (IOException | GeneralSecurityException e) {
                    // the host hung up, as it should
                }
            });
            var address = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + server.getLocalPort());
            assertThatThrownBy(() -> host.connect(PrivateKey.generate().peerId(), List.of(address), LIMIT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(message);
            assertThat(host.connections()).isEmpty();
        }
    }

    private static void write(RawConnection raw, byte[] message) throws IOException {
        raw.out()
                .write(ByteBuffer.allocate(2 + message.length)
                        .putShort((short) message.length)
                        .put(message)
                        .array());
    }

    private static byte[] read(RawConnection raw) throws IOException {
        int length = raw.in().read() << 8 | raw.in().read();
        return raw.in().readNBytes(length);
    }

    @Property
    void any_bytes_end_the_handshake_in_a_declared_exception(
            @ForAll @Size(max = 300) byte[] bytes, @ForAll boolean initiator) throws Exception {
        var raw = new Recorded(bytes);
        var identity = new NoiseIdentity(PrivateKey.fromSeed(new byte[32]), YAMUX);
        var handshake = new NoiseHandshake(identity, raw, initiator);
        var buffers = new BufferPool(NoiseChannel.BUFFER_BYTES, 1);
        try {
            Bounded.memory(() -> {
                if (initiator) {
                    handshake.firstMessage();
                    handshake.initiate(null, buffers);
                } else {
                    handshake.respond(buffers);
                }
            });
        } catch (DecodeException | ProtocolViolation | EOFException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** A connection on which certain bytes come. */
    private record Recorded(WireInput in) implements RawConnection {

        Recorded(byte[] bytes) {
            this(new WireInput(new ByteArrayInputStream(bytes)));
        }

        @Override
        public OutputStream out() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public Multiaddr remoteAddress() {
            return Multiaddr.parse("/ip4/192.0.2.1/tcp/1");
        }

        @Override
        public void closeOutput() {}

        @Override
        public void close() {}
    }
}
