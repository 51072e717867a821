package io.infergrid.libp2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers of js-libp2p whose identity is no Ed25519 key. (js has no ECDSA identities.) */
@Timeout(180)
class KeyInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void a_peer_with_a_secp256k1_key_is_verified_both_ways() throws IOException {
        talkTo("secp256k1", "16Uiu2HA");
    }

    @Test
    void a_peer_with_an_rsa_key_is_verified_both_ways() throws IOException {
        talkTo("RSA", "Qm");
    }

    private static void talkTo(String kind, String prefix) throws IOException {
        try (var js = JsPeer.start("--key", kind);
                var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start()) {
            assertThat(js.peerId().toString()).startsWith(prefix);
            host.connect(js.peerId(), js.addresses(), LIMIT);
            assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
            var other = PrivateKey.generate().peerId();
            assertThatThrownBy(() -> host.connect(
                            other, List.of(js.addresses().getFirst().withoutPeer()), LIMIT))
                    .hasMessageContaining("found " + js.peerId());
        }
        try (var js = JsPeer.start("--key", kind);
                var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start()) {
            js.tell("ping", Map.of("addr", host.addresses().getFirst().toString()));
            assertThat(host.connections()).singleElement().satisfies(c -> {
                assertThat(c.inbound()).isTrue();
                assertThat(c.remote()).isEqualTo(js.peerId());
            });
        }
    }
}
