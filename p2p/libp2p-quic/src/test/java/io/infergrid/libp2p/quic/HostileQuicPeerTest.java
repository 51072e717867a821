package io.infergrid.libp2p.quic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.tls.OwnCertificate;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.MuxedSession;
import io.infergrid.libp2p.transport.MuxedStream;
import io.infergrid.libp2p.transport.SecuredSession;
import io.infergrid.libp2p.transport.Transport;
import io.netty.util.collection.LongObjectMap;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host against peers that keep to no rule: each costs it a bounded amount, and it goes on. */
@Timeout(180)
@SuppressWarnings("NullAway.Init")
class HostileQuicPeerTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int PLACES = 256; // Limits.DEFAULT.yamux().inboundStreams()

    private Swarm host;
    private Swarm honest;
    private PrivateKey key;

    @BeforeEach
    void start() throws IOException {
        key = PrivateKey.generate();
        host = host(Limits.DEFAULT);
        honest = QuicTransportTest.builder().start();
    }

    private static Swarm host(Limits limits) throws IOException {
        return QuicTransportTest.builder()
                .limits(limits)
                .listen("/ip4/127.0.0.1/udp/0/quic-v1")
                .start();
    }

    @AfterEach
    void stop() {
        if (honest != null) {
            honest.close();
        }
        if (host != null) {
            host.close();
        }
    }

    private Multiaddr address() {
        return host.addresses().getFirst().withoutPeer();
    }

    private void assertGoesOn() throws IOException {
        honest.connect(host.peerId(), host.addresses(), LIMIT);
        assertThat(honest.ping(host.peerId(), LIMIT)).isPositive();
    }

    private Transport transport(OwnCertificate certificate) throws IOException {
        return new QuicTransport(
                new Transport.Setting(key, Limits.DEFAULT, new MemoryBudget(64 << 20)),
                QuicLimits.DEFAULT.withIdle(Duration.ofSeconds(3), Duration.ofSeconds(1)),
                certificate);
    }

    /** What a peer hears of its session, which it does nothing about. */
    private static final class Ear implements MuxedSession.Listener {

        private final LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();

        @Override
        public void opened(MuxedStream stream) {}

        @Override
        public void hit(Event event) {}

        @Override
        public void goingAway() {}

        @Override
        public void closed(@Nullable IOException cause) {
            ends.add(String.valueOf(cause));
        }
    }

    @Test
    void a_certificate_that_is_not_valid_now_is_refused() throws Exception {
        var expired = OwnCertificate.create(key, Instant.now().minus(Duration.ofDays(40_000)));
        try (var transport = transport(expired)) {
            var ear = new Ear();
            try {
                // a client's handshake is over before the server has looked at its certificate
                ((SecuredSession) transport.dial(address(), host.peerId(), LIMIT))
                        .session()
                        .start(ear);
                assertThat(ear.ends.poll(60, TimeUnit.SECONDS)).isNotNull();
            } catch (IOException e) {
                assertThat(e.getMessage()).doesNotContain("\n");
            }
            assertGoesOn();
            assertThat(host.counters().of(Event.NOT_AUTHENTIC)).isEqualTo(1);
            assertThat(host.connections()).hasSize(1); // the honest one
        }
    }

    @Test
    void bytes_that_are_no_quic_are_dropped() throws Exception {
        var random = new Random(1);
        var port = Integer.parseInt(address().value(Multiaddr.Protocol.UDP).orElseThrow());
        try (var socket = new DatagramSocket()) {
            for (int i = 0; i < 2000; i++) {
                var bytes = new byte[1 + random.nextInt(1400)];
                random.nextBytes(bytes);
                if (i % 2 == 0) {
                    bytes[0] |= (byte) 0xc0; // the head of an initial packet
                }
                socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
            }
        }
        assertGoesOn();
    }

    @Test
    void a_flood_of_streams_ends_at_the_limit() throws Exception {
        try (var transport = transport(OwnCertificate.create(key, Instant.now()))) {
            var secured = (SecuredSession) transport.dial(address(), host.peerId(), LIMIT);
            secured.session().start(new Ear());
            var open = new ArrayList<MuxedStream>();
            assertThatThrownBy(() -> {
                        while (open.size() <= 2 * PLACES) {
                            var stream = secured.session().open(Duration.ofSeconds(1));
                            open.add(stream);
                            stream.out().write(19); // a message that never comes
                            stream.out().flush();
                        }
                    })
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(open.size()).isBetween(1, PLACES);
            assertGoesOn();
            secured.close();
        }
    }

    @Test
    void streams_that_were_reset_leave_nothing_behind() throws Exception {
        host.close();
        // each of these streams breaks the rules, and a ban would end the connection while they are counted
        host = host(Limits.DEFAULT.withBans(8 * PLACES, Duration.ofMinutes(10), Duration.ofMinutes(10)));
        host.handle("/drop", stream -> {
            int _ = stream.in().read();
            throw new IOException("as it was asked to");
        });
        try (var transport = transport(OwnCertificate.create(key, Instant.now()))) {
            var secured = (SecuredSession) transport.dial(address(), host.peerId(), LIMIT);
            var session = (QuicSession) secured.session();
            session.start(new Ear());
            for (int i = 0; i < 2 * PLACES; i++) {
                var stream = session.open(LIMIT);
                stream.out().write(1); // no multistream, so that the host resets it, if we are not first
                stream.out().flush();
                if (i % 2 == 0) {
                    stream.reset();
                } else {
                    stream.timeout(LIMIT);
                    assertThatThrownBy(() -> stream.in().readAllBytes()).isInstanceOf(IOException.class);
                }
            }
            long until = System.nanoTime() + LIMIT.toNanos();
            while ((session.openStreams() > 1 || inTable(session) > 1) && System.nanoTime() < until) {
                Thread.onSpinWait(); // the last resets are on their way
            }
            assertThat(session.openStreams()).isLessThanOrEqualTo(1);
            assertThat(inTable(session)).isLessThanOrEqualTo(1);
            assertThat(secured.session().isOpen()).isTrue();
            secured.close();
        }
    }

    private static int inTable(QuicSession session) throws ReflectiveOperationException {
        var streams =
                Class.forName("io.netty.handler.codec.quic.QuicheQuicChannel").getDeclaredField("streams");
        streams.setAccessible(true);
        return ((LongObjectMap<?>) streams.get(session.channel())).size();
    }
}
