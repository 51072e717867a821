package io.infergrid.libp2p.perf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.interop.JsPeer;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PerfTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private Swarm server;
    private Swarm client;

    @BeforeEach
    void start() throws IOException {
        server = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        client = new HostBuilder().start();
        client.connect(server.peerId(), server.addresses(), LIMIT);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void bytes_go_both_ways_and_are_timed_by_the_clock_that_is_given() throws IOException {
        Perf.serve(server, Set.of(client.peerId()), 10_000_000);
        var clock = new AtomicLong();
        var measured =
                Perf.measure(client, server.peerId(), 5_000_000, 3_000_001, LIMIT, () -> clock.getAndAdd(1_000_000));
        assertThat(measured)
                .isEqualTo(new Perf.Measured(5_000_000, 3_000_001, Duration.ofMillis(1), Duration.ofMillis(1)));
        assertThat(Perf.measure(client, server.peerId(), 0, 0, LIMIT, System::nanoTime)
                        .downloaded())
                .isZero();
    }

    @Test
    void nobody_is_served_unless_the_host_was_asked_to() {
        assertThatThrownBy(() -> Perf.measure(client, server.peerId(), 1, 1, LIMIT, System::nanoTime))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(Perf.PROTOCOL);
    }

    @Test
    void who_is_not_on_the_list_gets_nothing() throws IOException {
        Perf.serve(server, Set.of(server.peerId()), 10_000_000);
        assertThatThrownBy(() -> Perf.measure(client, server.peerId(), 1, 1, LIMIT, System::nanoTime))
                .isInstanceOf(IOException.class);
        assertThat(server.counters().of(Event.REFUSED_STREAMS)).isEqualTo(1);
    }

    @Test
    void more_bytes_than_allowed_are_refused_both_ways() throws IOException {
        Perf.serve(server, Set.of(client.peerId()), 1_000_000);
        assertThatThrownBy(() -> Perf.measure(client, server.peerId(), 0, 1_000_001, LIMIT, System::nanoTime))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Perf.measure(client, server.peerId(), 3_000_000, 0, LIMIT, System::nanoTime))
                .isInstanceOf(IOException.class);
        try (var stream = client.open(server.peerId(), Perf.PROTOCOL, LIMIT)) {
            stream.timeout(LIMIT);
            new DataOutputStream(stream.out()).writeLong(-1);
            assertThatThrownBy(() -> {
                        stream.closeWrite(); // the reset may be here already
                        stream.in().readAllBytes();
                    })
                    .isInstanceOf(IOException.class);
        }
        assertThat(server.counters().of(Event.REFUSED_STREAMS)).isEqualTo(3);
    }

    @Test
    void java_and_js_measure_each_other() throws IOException {
        try (var js = JsPeer.start()) {
            Perf.serve(server, Set.of(js.peerId()), 64 << 20);
            client.connect(js.peerId(), js.addresses(), LIMIT);
            var measured = Perf.measure(client, js.peerId(), 8 << 20, 8 << 20, LIMIT, System::nanoTime);
            assertThat(measured.downloaded()).isEqualTo(8 << 20);
            var address = server.addresses().getFirst().toString();
            var reply = js.tell("perf", Map.of("addr", address, "up", 8 << 20, "down", 8 << 20));
            assertThat(reply.get("mibPerSecond").asDouble()).isPositive();
        }
    }
}
