package io.infergrid.libp2p;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two and more hosts on the loopback interface. */
@Timeout(60)
class HostTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";

    private final List<Swarm> hosts = new ArrayList<>();

    @AfterEach
    void close() {
        hosts.forEach(Swarm::close);
    }

    private Swarm host() throws IOException {
        return host(new HostBuilder());
    }

    private Swarm host(HostBuilder builder) throws IOException {
        var host = builder.listen("/ip4/127.0.0.1/tcp/0").start();
        hosts.add(host);
        return host;
    }

    private static void echo(Stream stream) {
        try {
            stream.in().transferTo(stream.out());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void two_hosts_connect_and_each_knows_the_other() throws IOException {
        var listener = host();
        var dialler = host();
        var connection = dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        assertThat(connection.remote()).isEqualTo(listener.peerId());
        assertThat(connection.inbound()).isFalse();
        assertThat(connection.remoteAddress().withPeer(listener.peerId()))
                .isEqualTo(listener.addresses().getFirst());
        assertThat(dialler.ping(listener.peerId(), LIMIT)).isPositive();
        assertThat(listener.ping(dialler.peerId(), LIMIT)).isPositive(); // over the same connection
        assertThat(listener.connections()).singleElement().satisfies(c -> {
            assertThat(c.remote()).isEqualTo(dialler.peerId());
            assertThat(c.inbound()).isTrue();
        });
    }

    @Test
    void a_stream_gives_back_what_was_sent_whatever_the_size() throws Exception {
        var listener = host();
        listener.handle(ECHO, HostTest::echo);
        var dialler = host();
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        for (int size : new int[] {0, 1, 100, 65_483, 65_484, 262_144, 262_145, 3_000_000}) {
            assertThat(exchange(dialler, listener.peerId(), size)).isEqualTo(bytes(size));
        }
    }

    private static byte[] exchange(Host from, PeerId to, int size) throws Exception {
        try (var stream = from.open(to, ECHO, LIMIT);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<byte[]> back = threads.submit(() -> stream.in().readAllBytes());
            stream.out().write(bytes(size));
            stream.closeWrite();
            return back.get();
        }
    }

    private static byte[] bytes(int size) {
        var bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    @Test
    void a_hundred_streams_run_at_once() throws Exception {
        var listener = host();
        listener.handle(ECHO, HostTest::echo);
        var dialler = host();
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<byte[]>>();
            for (int i = 0; i < 100; i++) {
                int size = 1000 * i;
                running.add(threads.submit(() -> exchange(dialler, listener.peerId(), size)));
            }
            for (int i = 0; i < 100; i++) {
                assertThat(running.get(i).get()).isEqualTo(bytes(1000 * i));
            }
        }
        assertThat(listener.connections()).hasSize(1);
    }

    @Test
    void windows_that_grew_never_promise_more_than_there_is_memory_for() throws Exception {
        int streams = 8;
        int bytes = 8 << 20;
        var fast = new CountDownLatch(streams);
        var arrived = new LinkedBlockingQueue<Integer>();
        try (var receiver = new HostBuilder()
                        .limits(Limits.DEFAULT.withMemory(64 << 20, 4 << 20))
                        .listen("/ip4/127.0.0.1/tcp/0")
                        .start();
                var sender = new HostBuilder().start();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            receiver.handle("/sink", stream -> {
                int read = stream.in().readNBytes(bytes / 2).length; // so that its window grows
                fast.countDown();
                try {
                    fast.await(); // and all windows fill up at once
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                arrived.add(read + stream.in().readAllBytes().length);
            });
            var connection = sender.connect(receiver.peerId(), receiver.addresses(), LIMIT);
            var running = new ArrayList<Future<?>>();
            for (int i = 0; i < streams; i++) {
                running.add(threads.submit(() -> {
                    try (var stream = connection.open(LIMIT, List.of("/sink"))) {
                        stream.out().write(new byte[bytes]);
                        stream.closeWrite();
                        return stream.in().read();
                    }
                }));
            }
            for (var one : running) {
                one.get();
            }
            for (int i = 0; i < streams; i++) {
                assertThat(arrived.poll(20, TimeUnit.SECONDS)).isEqualTo(bytes);
            }
        }
    }

    @Test
    void a_protocol_that_nobody_serves_is_refused() throws IOException {
        var listener = host();
        var dialler = host();
        var connection = dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        assertThatThrownBy(() -> connection.open(LIMIT, List.of("/nobody/1", "/nobody/2")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/nobody/2");
        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void the_first_protocol_that_both_speak_is_chosen() throws IOException {
        var listener = host();
        listener.handle(ECHO, HostTest::echo);
        var dialler = host();
        var connection = dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        try (var stream = connection.open(LIMIT, List.of("/echo/2.0.0", ECHO))) {
            assertThat(stream.protocol()).isEqualTo(ECHO);
        }
    }

    @Test
    void another_peer_than_the_one_dialled_is_refused() throws IOException {
        var listener = host();
        var dialler = host();
        var wanted = PrivateKey.generate().peerId();
        var address = listener.addresses().getFirst().withoutPeer();
        assertThatThrownBy(() -> dialler.connect(wanted, List.of(address), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("dialled peer " + wanted + ", found " + listener.peerId());
        assertThat(dialler.connections()).isEmpty();
        assertThat(dialler.counters().of(Event.WRONG_PEER)).isEqualTo(1);
    }

    @Test
    void identify_tells_the_agent_the_protocols_and_the_observed_address() throws Exception {
        var listener = host(new HostBuilder().agent("listener/1"));
        listener.handle(ECHO, HostTest::echo);
        var dialler = host(new HostBuilder().agent("dialler/1"));
        var heard = new LinkedBlockingQueue<PeerInfo>();
        dialler.addListener(new HostListener() {
            @Override
            public void identified(Connection connection, PeerInfo info) {
                heard.add(info);
            }
        });
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        var info = heard.poll(20, TimeUnit.SECONDS);
        assertThat(info).isNotNull();
        assertThat(info.agent()).isEqualTo("listener/1");
        assertThat(info.protocols()).contains(ECHO, "/ipfs/ping/1.0.0", "/ipfs/id/1.0.0");
        assertThat(info.addresses())
                .containsExactly(listener.addresses().getFirst().withoutPeer());
        assertThat(info.observed()).contains(listener.connections().getFirst().remoteAddress());
        assertThat(dialler.info(listener.peerId())).contains(info);
    }

    @Test
    void hosts_that_dial_each_other_at_once_end_with_one_connection() throws Exception {
        for (int round = 0; round < 10; round++) {
            var a = host();
            var b = host();
            b.handle(ECHO, HostTest::echo);
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var go = new CountDownLatch(1);
                Future<?> ab = threads.submit(() -> {
                    go.await();
                    return a.connect(b.peerId(), b.addresses(), LIMIT);
                });
                Future<?> ba = threads.submit(() -> {
                    go.await();
                    return b.connect(a.peerId(), a.addresses(), LIMIT);
                });
                go.countDown();
                ab.get();
                ba.get();
            }
            assertThat(exchange(a, b.peerId(), 1000)).isEqualTo(bytes(1000));
            assertThat(a.connections()).hasSize(1);
            assertThat(b.connections()).hasSize(1);
        }
    }

    @Test
    void a_dial_that_waited_for_one_to_a_dead_address_goes_on_with_its_own() throws Exception {
        var listener = host();
        var dialler = host();
        try (var silent = new ServerSocket(0);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var dead = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());
            Future<?> first =
                    threads.submit(() -> dialler.connect(listener.peerId(), List.of(dead), Duration.ofMillis(500)));
            try (var dialled = silent.accept()) { // the first dial is under way
                assertThat(dialled.isConnected()).isTrue();
                assertThat(dialler.connect(listener.peerId(), listener.addresses(), LIMIT)
                                .isOpen())
                        .isTrue();
            }
            assertThatThrownBy(first::get).hasMessageContaining("no answer from " + listener.peerId());
        }
    }

    @Test
    void listeners_hear_a_peer_come_and_go() throws Exception {
        var listener = host();
        var news = new LinkedBlockingQueue<String>();
        listener.addListener(new HostListener() {
            @Override
            public void connected(Connection connection) {
                news.add("+" + connection.remote());
            }

            @Override
            public void disconnected(Connection connection) {
                news.add("-" + connection.remote());
            }
        });
        var dialler = host();
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        assertThat(news.poll(20, TimeUnit.SECONDS)).isEqualTo("+" + dialler.peerId());
        dialler.close();
        assertThat(news.poll(20, TimeUnit.SECONDS)).isEqualTo("-" + dialler.peerId());
        assertThat(listener.connections()).isEmpty();
    }

    @Test
    void an_interrupted_reader_leaves_the_connection_to_the_others() throws Exception {
        var listener = host();
        listener.handle(ECHO, HostTest::echo);
        var dialler = host();
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        try (var stream = dialler.open(listener.peerId(), ECHO, LIMIT)) {
            var failure = new LinkedBlockingQueue<Exception>();
            var reader = Thread.ofVirtual().start(() -> {
                try {
                    failure.add(new IllegalStateException("read " + stream.in().read()));
                } catch (IOException e) {
                    failure.add(e);
                }
            });
            reader.interrupt();
            assertThat(failure.poll(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
            stream.out().write(7);
            stream.closeWrite();
            assertThat(stream.in().readAllBytes()).containsExactly(7);
        }
        assertThat(exchange(dialler, listener.peerId(), 1000)).isEqualTo(bytes(1000));
    }

    @Test
    void closing_a_host_ends_handshakes_that_are_under_way() throws IOException {
        var listener = host();
        try (var raw = TcpTransport.dial(
                TcpTransport.resolve(listener.addresses().getFirst()).getFirst(), LIMIT)) {
            raw.out().write("\u0013/multistream/1.0.0\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(raw.in().read()).isEqualTo(19); // it is being served
            listener.close();
            assertThat(raw.in().readAllBytes()).hasSize(19);
        }
    }

    @Test
    void a_closed_host_refuses_the_next_dial() throws IOException {
        var listener = host();
        var addresses = listener.addresses();
        listener.close();
        var dialler = host();
        assertThatThrownBy(() -> dialler.connect(listener.peerId(), addresses, LIMIT))
                .isInstanceOf(IOException.class)
                // the system resets where its last accept was still on its way out
                .hasMessageMatching("dial /ip4/127.0.0.1/tcp/\\d+: Connection (refused|reset by peer)");
    }
}
