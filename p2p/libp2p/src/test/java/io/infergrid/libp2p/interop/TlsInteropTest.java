package io.infergrid.libp2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.noise.NoiseSecurity;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.tls.TlsSecurity;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** TLS 1.3 with js-libp2p, with the multiplexer agreed on inside the handshake and after it. */
@Timeout(180)
class TlsInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ECHO = "/echo/1.0.0";

    private static Swarm host(boolean earlyMuxer) throws IOException {
        var host = new HostBuilder()
                .listen("/ip4/127.0.0.1/tcp/0")
                .security(TlsSecurity::create)
                .earlyMuxer(earlyMuxer)
                .start();
        host.handle(ECHO, stream -> {
            stream.in().transferTo(stream.out());
        });
        return host;
    }

    @Test
    void java_dials_over_tls() throws Exception {
        try (var js = JsPeer.start("--security", "tls")) {
            for (boolean early : new boolean[] {true, false}) {
                try (var host = host(early)) {
                    host.connect(js.peerId(), js.addresses(), LIMIT);
                    assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
                    echo(host, js, 0, 1, 65_536, 5_000_000);
                }
            }
            var other = PrivateKey.generate().peerId();
            try (var host = host(true)) {
                assertThatThrownBy(() -> host.connect(
                                other, List.of(js.addresses().getFirst().withoutPeer()), LIMIT))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("found " + js.peerId());
            }
        }
    }

    private static void echo(Swarm host, JsPeer js, int... sizes) throws Exception {
        for (int size : sizes) {
            var bytes = new byte[size];
            new Random(size).nextBytes(bytes);
            try (var stream = host.open(js.peerId(), ECHO, LIMIT);
                    var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                stream.timeout(LIMIT);
                Future<byte[]> back = threads.submit(() -> stream.in().readAllBytes());
                stream.out().write(bytes);
                stream.closeWrite();
                assertThat(back.get()).isEqualTo(bytes);
            }
        }
    }

    @Test
    void js_dials_over_tls() throws IOException {
        for (var flags : new String[][] {{"--security", "tls"}, {"--security", "tls", "--no-early-muxer"}}) {
            try (var js = JsPeer.start(flags);
                    var host = host(true)) {
                var address = host.addresses().getFirst().toString();
                js.tell("ping", Map.of("addr", address));
                for (int size : new int[] {0, 1, 65_536, 5_000_000}) {
                    var reply = js.tell("echo", Map.of("addr", address, "bytes", size));
                    assertThat(reply.get("same").asBoolean()).isTrue();
                }
                assertThat(host.connections())
                        .singleElement()
                        .satisfies(c -> assertThat(c.remote()).isEqualTo(js.peerId()));
                var wrong = host.addresses()
                        .getFirst()
                        .withPeer(PrivateKey.generate().peerId())
                        .toString();
                assertThat(js.ask("dial", Map.of("addr", wrong)).get("ok").asBoolean())
                        .isFalse();
            }
        }
    }

    @Test
    void the_first_security_that_both_speak_is_used() throws IOException {
        try (var tls = JsPeer.start("--security", "tls");
                var noise = JsPeer.start();
                var host = new HostBuilder()
                        .listen("/ip4/127.0.0.1/tcp/0")
                        .security(NoiseSecurity::create)
                        .security(TlsSecurity::create)
                        .start()) {
            var address = host.addresses().getFirst().toString();
            tls.tell("ping", Map.of("addr", address));
            noise.tell("ping", Map.of("addr", address));
            host.connections().forEach(c -> c.close());
            host.connect(tls.peerId(), tls.addresses(), LIMIT);
            host.connect(noise.peerId(), noise.addresses(), LIMIT);
            assertThat(host.ping(tls.peerId(), LIMIT)).isPositive();
            assertThat(host.ping(noise.peerId(), LIMIT)).isPositive();
        }
    }

    @Test
    void js_peers_with_other_keys_are_verified_in_their_certificates() throws IOException {
        for (var kind : List.of("secp256k1", "RSA")) {
            try (var js = JsPeer.start("--security", "tls", "--key", kind);
                    var host = host(true)) {
                host.connect(js.peerId(), js.addresses(), LIMIT);
                assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
            }
        }
    }
}
