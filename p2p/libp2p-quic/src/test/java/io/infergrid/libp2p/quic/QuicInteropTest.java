package io.infergrid.libp2p.quic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** js-libp2p's QUIC, which is Rust's quinn and rustls underneath, both ways. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuicInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ECHO = "/echo/1.0.0";

    /** Not 0: js at times never hears of an end that comes without a byte before it, from js neither. */
    private static final int[] SIZES = {1, 65_536, 1_000_000, 64 << 20};

    private JsPeer js;
    private Swarm host;
    private final LinkedBlockingQueue<PeerInfo> infos = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> failures = new LinkedBlockingQueue<>();

    @BeforeAll
    void startJs() throws IOException {
        js = JsPeer.start("Ed25519");
    }

    @AfterAll
    void stopJs() {
        if (js != null) {
            js.close();
        }
    }

    @BeforeEach
    void startHost() throws IOException {
        infos.clear();
        host = QuicTransportTest.builder()
                .listen("/ip4/127.0.0.1/udp/0/quic-v1")
                .agent("java-under-test/1")
                .start();
        host.handle(ECHO, stream -> {
            stream.in().transferTo(stream.out());
        });
        host.handle("/count", stream -> {
            long count = stream.in().readAllBytes().length;
            new DataOutputStream(stream.out()).writeLong(count);
        });
        host.handle("/wait", stream -> {
            try {
                stream.in().readAllBytes();
                failures.add("none");
            } catch (IOException e) {
                failures.add(String.valueOf(e.getMessage()));
            }
        });
        host.addListener(new HostListener() {
            @Override
            public void identified(Connection connection, PeerInfo info) {
                infos.add(info);
            }
        });
    }

    @AfterEach
    void stopHost() {
        if (host != null) {
            host.close();
        }
    }

    private Connection dial() throws IOException {
        return host.connect(js.peerId(), js.addresses(), LIMIT);
    }

    private String own() {
        return host.addresses().getFirst().toString();
    }

    private boolean echoed(int size) throws Exception {
        var bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        try (var stream = host.open(js.peerId(), ECHO, LIMIT);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            stream.timeout(LIMIT);
            Future<byte[]> back = threads.submit(() -> stream.in().readAllBytes());
            stream.out().write(bytes);
            stream.closeWrite();
            return Arrays.equals(back.get(), bytes);
        }
    }

    @Test
    void java_dials_pings_and_is_echoed() throws Exception {
        dial();
        assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
        for (int size : SIZES) {
            assertThat(echoed(size)).as("%s bytes", size).isTrue();
        }
    }

    @Test
    void js_dials_pings_and_is_echoed() throws IOException {
        js.tell("ping", Map.of("addr", own()));
        assertThat(host.connections()).singleElement().satisfies(c -> {
            assertThat(c.inbound()).isTrue();
            assertThat(c.remote()).isEqualTo(js.peerId());
            assertThat(c.remoteAddress().toString()).endsWith("/quic-v1");
        });
        for (int size : SIZES) {
            assertThat(js.tell("echo", Map.of("addr", own(), "bytes", size))
                            .get("same")
                            .asBoolean())
                    .as("%s bytes", size)
                    .isTrue();
        }
    }

    @Test
    void a_hundred_streams_run_at_once_both_ways() throws Exception {
        dial();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 100; i++) {
                int size = 10_000 + i;
                running.add(threads.submit(() -> echoed(size)));
            }
            for (var one : running) {
                assertThat(one.get()).isTrue();
            }
        }
        assertThat(js.tell("echoes", Map.of("addr", own(), "bytes", 10_000, "count", 100))
                        .get("same")
                        .asInt())
                .isEqualTo(100);
    }

    @Test
    void a_wrong_peer_id_is_refused_both_ways() throws IOException {
        var other = PrivateKey.generate().peerId();
        assertThatThrownBy(() ->
                        host.connect(other, List.of(js.addresses().getFirst().withoutPeer()), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("dialled peer " + other + ", found " + js.peerId());
        var wrong = host.addresses().getFirst().withPeer(other).toString();
        assertThat(js.ask("dial", Map.of("addr", wrong)).get("ok").asBoolean()).isFalse();
    }

    @Test
    void each_identifies_the_other() throws Exception {
        dial();
        var info = infos.poll(60, TimeUnit.SECONDS);
        assertThat(info).isNotNull();
        assertThat(info.agent()).startsWith("libp2p-interop-rig/");
        assertThat(info.protocols()).contains(ECHO, "/ipfs/ping/1.0.0");
        var seen = js.tell("identify", Map.of("addr", own()));
        assertThat(seen.get("agentVersion").asText()).isEqualTo("java-under-test/1");
        assertThat(seen.get("listenAddrs").toString())
                .contains(host.addresses().getFirst().withoutPeer().toString());
        assertThat(seen.get("observedAddr").asText()).startsWith("/ip4/127.0.0.1/udp/");
    }

    @Test
    void js_stops_at_the_window_of_a_reader_that_does_not_read() throws Exception {
        var held = new LinkedBlockingQueue<Integer>();
        var go = new CountDownLatch(1);
        host.handle("/perf/1.0.0", stream -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            held.add(stream.in().available());
            stream.in().transferTo(OutputStream.nullOutputStream());
        });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var upload = threads.submit(() -> js.tell("perf", Map.of("addr", own(), "up", 32 << 20)));
            assertThatThrownBy(() -> upload.get(1500, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            go.countDown();
            assertThat(upload.get().get("mibPerSecond").asDouble()).isPositive();
            assertThat(held.take()).isBetween(1, 512 << 10);
        }
    }

    @Test
    void java_waits_for_a_reader_that_starts_late() throws IOException {
        dial();
        try (var stream = host.open(js.peerId(), "/slow/1.0.0", LIMIT)) {
            stream.timeout(LIMIT);
            stream.out().write(new byte[4_000_000]); // what js takes before it resets a stream that it does not read
            stream.out().flush();
            assertThat(new DataInputStream(stream.in()).readLong()).isEqualTo(4_000_000);
        }
    }

    @Test
    void halves_close_one_by_one_both_ways() throws IOException {
        var reply = js.tell("raw", Map.of("addr", own(), "protocol", "/count", "data", "12345"));
        assertThat(reply.get("hex").asText()).isEqualTo("0000000000000005");
        dial();
        try (var stream = host.open(js.peerId(), "/perf/1.0.0", LIMIT)) {
            stream.timeout(LIMIT);
            new DataOutputStream(stream.out()).writeLong(100_000);
            stream.closeWrite();
            assertThat(stream.in().readAllBytes()).hasSize(100_000);
        }
    }

    @Test
    void resets_arrive_both_ways() throws Exception {
        js.tell("reset", Map.of("addr", own(), "protocol", "/wait"));
        assertThat(failures.poll(60, TimeUnit.SECONDS)).contains("reset");
        dial();
        try (var stream = host.open(js.peerId(), "/reset/1.0.0", LIMIT)) {
            stream.timeout(LIMIT);
            stream.out().write(new byte[10]);
            stream.out().flush();
            assertThatThrownBy(() -> stream.in().read()).hasMessageContaining("reset");
        }
        assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
    }

    @Test
    void an_unknown_protocol_is_refused_both_ways() throws IOException {
        var connection = dial();
        assertThatThrownBy(() -> connection.open(LIMIT, List.of("/nobody/1"))).hasMessageContaining("/nobody/1");
        assertThat(js.ask("raw", Map.of("addr", own(), "protocol", "/nobody/1", "data", "x"))
                        .get("ok")
                        .asBoolean())
                .isFalse();
    }

    @Test
    void peers_with_other_keys_are_verified() throws IOException {
        for (var kind : List.of("secp256k1", "RSA")) {
            try (var peer = JsPeer.start(kind)) {
                host.connect(peer.peerId(), peer.addresses(), LIMIT);
                assertThat(host.ping(peer.peerId(), LIMIT)).isPositive();
            }
        }
    }
}
