package io.infergrid.libp2p.quic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two hosts of ours over QUIC on the loopback interface. */
@Timeout(180)
class QuicTransportTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String ECHO = "/echo/1.0.0";

    private Swarm listener;
    private Swarm dialler;

    static HostBuilder builder() {
        var missing = QuicTransport.unavailable();
        assumeTrue(missing.isEmpty(), () -> "skipped: " + missing.orElse(""));
        return new HostBuilder().transport(QuicTransport.factory());
    }

    @BeforeEach
    void start() throws IOException {
        listener = builder()
                .listen("/ip4/127.0.0.1/udp/0/quic-v1")
                .limits(Limits.DEFAULT.withInboundStreamsPerProtocol(1000))
                .start();
        listener.handle(ECHO, stream -> {
            stream.in().transferTo(stream.out());
        });
        dialler = builder().start();
    }

    @AfterEach
    void stop() {
        if (dialler != null) {
            dialler.close();
        }
        if (listener != null) {
            listener.close();
        }
    }

    private void dial() throws IOException {
        dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
    }

    @Test
    void both_ends_prove_who_they_are() throws Exception {
        var connection = dialler.connect(listener.peerId(), listener.addresses(), LIMIT);
        assertThat(connection.remote()).isEqualTo(listener.peerId());
        assertThat(connection.remoteAddress().toString()).endsWith("/quic-v1");
        assertThat(dialler.ping(listener.peerId(), LIMIT)).isPositive();
        assertThat(listener.connections())
                .singleElement()
                .satisfies(c -> assertThat(c.remote()).isEqualTo(dialler.peerId()));
    }

    @Test
    void another_peer_than_the_dialled_one_is_refused() {
        var other = PrivateKey.generate().peerId();
        assertThatThrownBy(() -> dialler.connect(
                        other, List.of(listener.addresses().getFirst().withoutPeer()), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("dialled peer " + other + ", found " + listener.peerId());
        assertThat(listener.connections()).isEmpty();
    }

    @Test
    void what_is_sent_comes_back() throws Exception {
        dial();
        for (int size : new int[] {0, 1, 65_536, 65_537, 20_000_000}) {
            assertThat(echoed(size)).isTrue();
        }
    }

    private boolean echoed(int size) throws Exception {
        var bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        try (var stream = dialler.open(listener.peerId(), ECHO, LIMIT);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            stream.timeout(LIMIT);
            Future<byte[]> back = threads.submit(() -> stream.in().readAllBytes());
            stream.out().write(bytes);
            stream.closeWrite();
            return java.util.Arrays.equals(back.get(), bytes);
        }
    }

    @Test
    void hundreds_of_streams_wait_for_their_place_and_all_get_one() throws Exception {
        dial();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 600; i++) {
                int size = 1000 + i;
                running.add(threads.submit(() -> echoed(size)));
            }
            for (var one : running) {
                assertThat(one.get()).isTrue();
            }
        }
    }

    @Test
    void a_reader_that_stops_stops_the_writer() throws Exception {
        var go = new CountDownLatch(1);
        listener.handle("/count", stream -> {
            stream.timeout(LIMIT);
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            long count = stream.in().transferTo(java.io.OutputStream.nullOutputStream());
            new DataOutputStream(stream.out()).writeLong(count);
        });
        dial();
        try (var stream = dialler.open(listener.peerId(), "/count", LIMIT)) {
            stream.timeout(Duration.ofSeconds(1));
            long written = 0;
            var block = new byte[65_536];
            try {
                while (written < 64 << 20) {
                    stream.out().write(block);
                    written += block.length;
                }
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("in time");
            }
            assertThat(written).isBetween(256L << 10, 8L << 20);
        } finally {
            go.countDown();
        }
        assertThat(dialler.ping(listener.peerId(), LIMIT)).isPositive();
    }

    @Test
    void a_half_that_is_closed_leaves_the_other_open() throws Exception {
        listener.handle("/late", stream -> {
            stream.timeout(LIMIT);
            long count = stream.in().readAllBytes().length;
            new DataOutputStream(stream.out()).writeLong(count);
            stream.out().flush();
            stream.out().write(new byte[1000]);
        });
        dial();
        try (var stream = dialler.open(listener.peerId(), "/late", LIMIT)) {
            stream.timeout(LIMIT);
            stream.out().write(new byte[12_345]);
            stream.closeWrite();
            var in = new DataInputStream(stream.in());
            assertThat(in.readLong()).isEqualTo(12_345);
            assertThat(in.readAllBytes()).hasSize(1000);
            assertThatThrownBy(() -> {
                        stream.out().write(1);
                        stream.out().flush();
                    })
                    .hasMessageContaining("ended here");
        }
    }

    @Test
    void a_reset_ends_both_directions_at_the_other_side() throws Exception {
        var failures = new java.util.concurrent.LinkedBlockingQueue<String>();
        listener.handle("/wait", stream -> {
            stream.timeout(LIMIT);
            try {
                stream.in().readAllBytes();
                failures.add("none");
            } catch (IOException e) {
                failures.add(String.valueOf(e.getMessage()));
            }
        });
        dial();
        var stream = dialler.open(listener.peerId(), "/wait", LIMIT);
        stream.timeout(LIMIT);
        stream.out().write(new byte[100]);
        stream.out().flush();
        stream.reset();
        assertThat(failures.take()).contains("reset");
        assertThatThrownBy(() -> stream.in().read()).isInstanceOf(IOException.class);
        assertThat(dialler.ping(listener.peerId(), LIMIT)).isPositive();
    }
}
