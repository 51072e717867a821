package io.infergrid.libp2p.pnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.interop.JsPeer;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PrivateNetworkTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Limits SHORT =
            Limits.DEFAULT.withTimes(Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(10));

    private final PreSharedKey key = PreSharedKey.generate();
    private final List<Swarm> hosts = new ArrayList<>();

    private Swarm host(HostBuilder builder) throws IOException {
        var host = builder.limits(SHORT).listen("/ip4/127.0.0.1/tcp/0").start();
        host.handle("/echo/1.0.0", stream -> stream.in().transferTo(stream.out()));
        hosts.add(host);
        return host;
    }

    private Swarm member() throws IOException {
        return host(new HostBuilder().privateNetwork(key));
    }

    @AfterEach
    void stop() {
        hosts.forEach(Swarm::close);
    }

    private static void echo(Swarm from, io.infergrid.libp2p.PeerId to, int size) throws Exception {
        var bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        try (var stream = from.open(to, "/echo/1.0.0", LIMIT);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            stream.timeout(LIMIT);
            var back = threads.submit(() -> stream.in().readAllBytes());
            stream.out().write(bytes);
            stream.closeWrite();
            assertThat(back.get()).isEqualTo(bytes);
        }
    }

    @Test
    void members_talk() throws Exception {
        var one = member();
        var two = member();
        one.connect(two.peerId(), two.addresses(), LIMIT);
        echo(one, two.peerId(), 3_000_000);
        echo(two, one.peerId(), 100);
    }

    @Test
    void who_has_another_key_or_none_is_shut_out_both_ways() throws Exception {
        var member = member();
        var other = host(new HostBuilder().privateNetwork(PreSharedKey.generate()));
        var open = host(new HostBuilder());
        for (var stranger : List.of(other, open)) {
            assertThatThrownBy(() -> stranger.connect(member.peerId(), member.addresses(), LIMIT))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> member.connect(stranger.peerId(), stranger.addresses(), LIMIT))
                    .isInstanceOf(IOException.class);
        }
        assertThat(member.connections()).isEmpty();
        assertThat(member.counters().of(Event.CONNECTION_OPENED)).isZero();
    }

    @Test
    void who_sends_no_nonce_is_dropped_in_time_and_sees_nothing_but_ours() throws Exception {
        var member = member();
        var address = TcpTransport.resolve(member.addresses().getFirst()).getFirst();
        try (var socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream().write(new byte[23]);
            assertThat(socket.getInputStream().readAllBytes()).hasSize(24);
        }
    }

    @Test
    void a_forced_private_network_does_not_start_without_a_key() {
        assertThatThrownBy(() -> new HostBuilder().forcePrivateNetwork(true).start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected the key of a private network, found none");
    }

    @Test
    void a_private_network_listens_on_nothing_but_tcp() {
        assertThatThrownBy(() -> new HostBuilder()
                        .privateNetwork(key)
                        .listen("/ip4/127.0.0.1/udp/0/quic-v1")
                        .start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("a private network runs over TCP only");
    }

    @Test
    void the_text_of_a_key_is_read_and_written_and_others_are_refused(@TempDir Path directory) throws IOException {
        var file = directory.resolve("swarm.key");
        Files.writeString(file, key.encode());
        assertThat(PreSharedKey.read(file).encode()).isEqualTo(key.encode());
        var base64 = "/key/swarm/psk/1.0.0/\n/base64/\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
        assertThat(PreSharedKey.parse(base64).encode())
                .isEqualTo("/key/swarm/psk/1.0.0/\n/base16/\n"
                        + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
        assertThat(key.toString()).doesNotContain("0");
        for (var bad : List.of(
                "",
                "/key/swarm/psk/2.0.0/\n/base16/\n" + "00".repeat(32),
                "/key/swarm/psk/1.0.0/\n/base16/\n" + "00".repeat(31),
                "/key/swarm/psk/1.0.0/\n/base16/\nsecretsecret",
                "/key/swarm/psk/1.0.0/\n/base58/\n" + "00".repeat(32),
                "x".repeat(5000))) {
            assertThatThrownBy(() -> PreSharedKey.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("pre-shared key: expected")
                    .hasMessageNotContaining("secret");
        }
        Files.writeString(file, "x".repeat(5000));
        assertThatThrownBy(() -> PreSharedKey.read(file)).hasMessageContaining("at most 1024 bytes, found 5000");
    }

    @Test
    void xsalsa20_gives_the_known_bytes() {
        // the first block of the test vector of NaCl's stream3 (crypto_stream_xsalsa20)
        var engine = new XSalsa20Engine();
        engine.init(
                true,
                new ParametersWithIV(
                        new KeyParameter(HexFormat.of()
                                .parseHex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")),
                        HexFormat.of().parseHex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")));
        var stream = new byte[32];
        engine.processBytes(new byte[32], 0, 32, stream, 0);
        assertThat(HexFormat.of().formatHex(stream))
                .isEqualTo("eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880");
    }

    @Test
    void java_and_js_share_a_private_network_both_ways(@TempDir Path directory) throws Exception {
        var file = directory.resolve("swarm.key");
        Files.writeString(file, key.encode());
        try (var js = JsPeer.start("--pnet", file.toString())) {
            var member = host(new HostBuilder().privateNetwork(PreSharedKey.read(file)));
            member.connect(js.peerId(), js.addresses(), LIMIT);
            echo(member, js.peerId(), 4_000_000);
            var back = member(); // another one, so that js has to dial
            var reply =
                    js.tell("echo", Map.of("addr", back.addresses().getFirst().toString(), "bytes", 2_000_000));
            assertThat(reply.get("same").asBoolean()).isTrue();
            var stranger = host(new HostBuilder().privateNetwork(PreSharedKey.generate()));
            assertThatThrownBy(() -> stranger.connect(js.peerId(), js.addresses(), LIMIT))
                    .isInstanceOf(IOException.class);
            assertThat(js.ask(
                                    "dial",
                                    Map.of(
                                            "addr",
                                            stranger.addresses().getFirst().toString()))
                            .get("ok")
                            .asBoolean())
                    .isFalse();
        }
    }
}
