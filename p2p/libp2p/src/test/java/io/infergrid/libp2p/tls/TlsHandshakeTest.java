package io.infergrid.libp2p.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.transport.Security;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** TLS between hosts of ours, and with those that keep to no rule. */
@Timeout(120)
class TlsHandshakeTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ECHO = "/echo/1.0.0";

    private static Swarm start(Security.Factory security) throws IOException {
        var host = new HostBuilder()
                .listen("/ip4/127.0.0.1/tcp/0")
                .security(security)
                .start();
        host.handle(ECHO, stream -> {
            stream.in().transferTo(stream.out());
        });
        return host;
    }

    /** TLS with a certificate that was valid a hundred years ago. */
    private static Security expired(PrivateKey identity, @Nullable List<String> muxers) throws IOException {
        var then = Instant.now().minus(Duration.ofDays(40_000));
        return new TlsSecurity(
                OwnCertificate.create(identity, then), muxers == null ? List.of() : muxers, InstantSource.system());
    }

    @Test
    void two_hosts_talk() throws Exception {
        try (var listener = start(TlsSecurity::create);
                var dialler = start(TlsSecurity::create)) {
            dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
            assertThat(dialler.ping(listener.peerId(), LIMIT)).isPositive();
            var bytes = new byte[5_000_000];
            new Random(1).nextBytes(bytes);
            try (var stream = dialler.open(listener.peerId(), ECHO, LIMIT);
                    var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                stream.timeout(LIMIT);
                var back = threads.submit(() -> stream.in().readAllBytes());
                stream.out().write(bytes);
                stream.closeWrite();
                assertThat(Arrays.equals(back.get(), bytes)).isTrue();
            }
            var other = PrivateKey.generate().peerId();
            assertThatThrownBy(() -> dialler.connect(
                            other, List.of(listener.addresses().getFirst().withoutPeer()), LIMIT))
                    .hasMessageContaining("dialled peer " + other + ", found " + listener.peerId());
        }
    }

    @Test
    void a_certificate_that_is_not_valid_now_is_refused_on_both_sides() throws Exception {
        try (var honest = start(TlsSecurity::create);
                var stale = start(TlsHandshakeTest::expired)) {
            assertThatThrownBy(() -> honest.connect(stale.peerId(), stale.addresses(), LIMIT))
                    .hasMessageContaining("expected one that is valid at");
            // a client's handshake is over before the server has looked at its certificate
            assertThatThrownBy(() -> {
                        stale.connect(honest.peerId(), honest.addresses(), LIMIT);
                        stale.ping(honest.peerId(), LIMIT);
                    })
                    .isInstanceOf(IOException.class);
            assertThat(honest.counters().of(Event.NOT_AUTHENTIC)).isEqualTo(2);
            assertThat(honest.connections()).isEmpty();
        }
    }

    @Test
    void a_record_that_is_larger_than_any_is_refused_by_its_head() throws Exception {
        try (var host = start(TlsSecurity::create);
                var raw = TcpTransport.dial(
                        TcpTransport.resolve(host.addresses().getFirst()).getFirst(), LIMIT)) {
            raw.out().write(MultistreamSelect.proposal(TlsSecurity.PROTOCOL));
            MultistreamSelect.expect(raw.in(), TlsSecurity.PROTOCOL);
            raw.out().write(new byte[] {0x16, 3, 3, -1, -1});
            raw.in().readAllBytes();
            assertThat(host.counters().of(Event.BAD_FRAME)).isEqualTo(1);
        }
    }

    @Test
    void bytes_that_are_no_tls_end_the_connection() throws Exception {
        try (var host = start(TlsSecurity::create);
                var raw = TcpTransport.dial(
                        TcpTransport.resolve(host.addresses().getFirst()).getFirst(), LIMIT)) {
            raw.out().write(MultistreamSelect.proposal(TlsSecurity.PROTOCOL));
            MultistreamSelect.expect(raw.in(), TlsSecurity.PROTOCOL);
            raw.out()
                    .write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                            .repeat(2000)
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            raw.in().readAllBytes();
            assertThat(host.connections()).isEmpty();
        } catch (SocketException e) {
            // it hung up before it had read all
        }
    }
}
