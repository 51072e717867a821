package io.infergrid.libp2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Each test once with the multiplexer agreed on inside the Noise handshake and once by multistream-select after it. */
@Timeout(120)
class JsInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";

    @Nested
    class With_the_early_muxer extends Conversations {
        With_the_early_muxer() {
            super(true, true);
        }
    }

    @Nested
    class Without_the_early_muxer_on_either_side extends Conversations {
        Without_the_early_muxer_on_either_side() {
            super(false, false);
        }
    }

    @Nested
    class With_the_early_muxer_offered_by_java_only extends Conversations {
        With_the_early_muxer_offered_by_java_only() {
            super(true, false);
        }
    }

    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    abstract static class Conversations {

        private final boolean earlyHere;
        private final boolean earlyThere;
        private JsPeer js;
        private Swarm host;
        private final LinkedBlockingQueue<PeerInfo> infos = new LinkedBlockingQueue<>();

        Conversations(boolean earlyHere, boolean earlyThere) {
            this.earlyHere = earlyHere;
            this.earlyThere = earlyThere;
        }

        @BeforeAll
        void startJs() throws IOException {
            js = earlyThere ? JsPeer.start() : JsPeer.start("--no-early-muxer");
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
            host = new HostBuilder()
                    .listen("/ip4/127.0.0.1/tcp/0")
                    .agent("java-under-test/1")
                    .earlyMuxer(earlyHere)
                    .start();
            host.handle(ECHO, Conversations::echo);
            host.addListener(new HostListener() {
                @Override
                public void identified(Connection connection, PeerInfo info) {
                    infos.add(info);
                }
            });
        }

        @AfterEach
        void stopHost() {
            host.close();
        }

        private static void echo(Stream stream) {
            try {
                stream.in().transferTo(stream.out());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Connection dial() throws IOException {
            return host.connect(js.peerId(), js.addresses(), LIMIT);
        }

        private String ownAddress() {
            return host.addresses().getFirst().toString();
        }

        @Test
        void java_dials_and_pings() throws IOException {
            dial();
            assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
            assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
        }

        @Test
        void js_dials_and_pings() throws IOException {
            var reply = js.tell("ping", Map.of("addr", ownAddress(), "count", 3));
            assertThat(reply.get("rtts")).hasSize(3);
            assertThat(host.connections())
                    .singleElement()
                    .satisfies(c -> assertThat(c.inbound()).isTrue());
        }

        @Test
        void java_sends_and_js_echoes() throws Exception {
            dial();
            for (int size : new int[] {0, 1, 65_536, 1_000_000, 20_000_000}) {
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
        void js_sends_and_java_echoes() throws IOException {
            for (int size : new int[] {0, 1, 65_536, 1_000_000, 20_000_000}) {
                var reply = js.tell("echo", Map.of("addr", ownAddress(), "bytes", size));
                assertThat(reply.get("bytes").asInt()).isEqualTo(size);
                assertThat(reply.get("same").asBoolean()).isTrue();
            }
        }

        @Test
        void java_stops_at_the_window_of_a_reader_that_does_not_read() throws IOException {
            dial();
            try (var stream = host.open(js.peerId(), "/slow/1.0.0", LIMIT)) {
                stream.timeout(LIMIT);
                long start = System.nanoTime();
                stream.out().write(new byte[4_000_000]);
                stream.closeWrite();
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
                assertThat(new DataInputStream(stream.in()).readLong()).isEqualTo(4_000_000);
                assertThat(stream.in().read()).isEqualTo(-1);
            }
        }

        @Test
        void each_identifies_the_other() throws Exception {
            dial();
            var info = infos.poll(20, TimeUnit.SECONDS);
            assertThat(info).isNotNull();
            assertThat(info.agent()).startsWith("libp2p-interop-rig/");
            assertThat(info.protocols()).contains(ECHO, "/ipfs/ping/1.0.0");
            assertThat(info.observed()).isPresent();
            var seen = js.tell("identify", Map.of("addr", ownAddress()));
            assertThat(seen.get("peer").asText()).isEqualTo(host.peerId().toString());
            assertThat(seen.get("agentVersion").asText()).isEqualTo("java-under-test/1");
            assertThat(seen.get("protocolVersion").asText()).isEqualTo("ipfs/0.1.0");
            assertThat(seen.get("protocols").toString()).contains(ECHO);
            assertThat(seen.get("listenAddrs").toString())
                    .contains(host.addresses().getFirst().withoutPeer().toString());
            assertThat(seen.get("observedAddr").asText()).startsWith("/ip4/127.0.0.1/tcp/");
        }

        @Test
        void an_unknown_protocol_is_refused_both_ways() throws IOException {
            var connection = dial();
            assertThatThrownBy(() -> connection.open(LIMIT, List.of("/nobody/1")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("/nobody/1");
            var reply = js.ask("raw", Map.of("addr", ownAddress(), "protocol", "/nobody/1", "data", "x"));
            assertThat(reply.get("ok").asBoolean()).isFalse();
            assertThat(host.ping(js.peerId(), LIMIT)).isPositive();
        }

        @Test
        void a_wrong_peer_id_is_refused_both_ways() throws IOException {
            var other = PrivateKey.generate().peerId();
            var address = js.addresses().getFirst().withoutPeer();
            assertThatThrownBy(() -> host.connect(other, List.of(address), LIMIT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("found " + js.peerId());
            var wrong = host.addresses().getFirst().withPeer(other).toString();
            assertThat(js.ask("dial", Map.of("addr", wrong)).get("ok").asBoolean())
                    .isFalse();
        }

        @Test
        void a_hundred_streams_run_at_once() throws Exception {
            dial();
            host.ping(
                    js.peerId(), LIMIT); // js takes only ten streams before it has finished its own side of the upgrade
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var running = new java.util.ArrayList<Future<Integer>>();
                for (int i = 0; i < 100; i++) {
                    int size = 10_000 + i;
                    running.add(threads.submit(() -> {
                        try (var stream = host.open(js.peerId(), ECHO, LIMIT)) {
                            stream.timeout(LIMIT);
                            stream.out().write(new byte[size]);
                            stream.closeWrite();
                            return stream.in().readAllBytes().length;
                        }
                    }));
                }
                for (int i = 0; i < 100; i++) {
                    assertThat(running.get(i).get()).isEqualTo(10_000 + i);
                }
            }
        }
    }

    @Test
    void each_certifies_the_signed_addresses_of_the_other_and_hears_when_they_change() throws Exception {
        var records = new LinkedBlockingQueue<PeerRecord>();
        try (var js = JsPeer.start();
                var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start()) {
            host.addListener(new HostListener() {
                @Override
                public void identified(Connection connection, PeerInfo info) {
                    info.signedRecord().ifPresent(envelope -> {
                        try {
                            records.add(PeerRecord.open(envelope));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
                }
            });
            js.tell("dial", Map.of("addr", host.addresses().getFirst().toString())); // identifies by itself
            var theirs = records.poll(20, TimeUnit.SECONDS);
            assertThat(theirs).isNotNull();
            assertThat(theirs.peer()).isEqualTo(js.peerId());
            assertThat(host.addressBook().record(js.peerId())).isPresent();
            awaitCertified(js, host, host.listening().getFirst().toString());
            host.announce("test", List.of(Multiaddr.parse("/ip4/203.0.113.7/tcp/4001")));
            awaitCertified(js, host, "/ip4/203.0.113.7/tcp/4001");
        }
    }

    /** Until js holds that address of ours as one that we signed. */
    private static void awaitCertified(JsPeer js, Swarm host, String address) throws IOException {
        long until = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            var addresses = js.tell("peerStore", Map.of("peer", host.peerId().toString()))
                    .get("addrs");
            for (var one : addresses) {
                if (one.get("addr").asText().startsWith(address)
                        && one.get("certified").asBoolean()) {
                    return;
                }
            }
            assertThat(System.nanoTime()).as("js knows %s", addresses).isLessThan(until);
            LockSupport.parkNanos(20_000_000);
        }
    }

    @Test
    void java_reads_the_identity_of_js_and_comes_to_the_same_peer_id() throws IOException {
        try (var js = JsPeer.start("--seed", "interop")) {
            var protobuf = HexFormat.of()
                    .parseHex(js.tell("key", Map.of()).get("protobuf").asText());
            var key = PrivateKey.decode(protobuf);
            assertThat(key.peerId()).isEqualTo(js.peerId());
            assertThat(key.encode()).isEqualTo(protobuf);
        }
    }

    @Test
    void js_spreads_a_large_window_and_java_keeps_up_both_ways() throws IOException {
        try (var js = JsPeer.start();
                var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start()) {
            host.handle("/perf/1.0.0", JsInteropTest::perf);
            var reply = js.tell(
                    "perf", Map.of("addr", host.addresses().getFirst().toString(), "up", 32 << 20, "down", 32 << 20));
            assertThat(reply.get("mibPerSecond").asDouble()).isPositive();
        }
    }

    private static void perf(Stream stream) {
        try {
            long down = new DataInputStream(stream.in()).readLong();
            var block = new byte[65_536];
            while (stream.in().read(block) >= 0) {
                // counted by the sender
            }
            for (long left = down; left > 0; left -= block.length) {
                stream.out().write(block, 0, (int) Math.min(left, block.length));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
