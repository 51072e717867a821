package io.infergrid.libp2p.holepunch;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PublicAddresses;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.LengthPrefixed;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.relay.RelayClient;
import io.infergrid.libp2p.relay.RelayLimits;
import io.infergrid.libp2p.relay.RelayServer;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two peers that meet over a relay on the loopback interface; {@code RealNetworkTest} does it through NATs. */
@Timeout(60)
class HolePunchingTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Swarm relay;

    HolePunchingTest() throws IOException {
        var key = PrivateKey.generate();
        relay = kept(
                new HostBuilder().identity(key).listen("/ip4/127.0.0.1/tcp/0").start());
        kept(new RelayServer(relay, RelayLimits.DEFAULT, Clock.systemUTC()).start());
    }

    private int freePort;

    @BeforeEach
    void findPort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            freePort = socket.getLocalPort();
        }
    }

    @AfterEach
    void close() throws Exception {
        for (var each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T kept(T one) {
        open.add(one);
        return one;
    }

    /** A host that announces an address where nobody answers, so that it is not reached without its help. */
    private Swarm shy() throws IOException {
        var host = kept(new HostBuilder()
                .listen("/ip4/127.0.0.1/tcp/0")
                .announce(Multiaddr.parse("/ip4/127.0.0.1/tcp/" + freePort))
                .limits(Limits.DEFAULT.withTimes(
                        LIMIT, LIMIT, Duration.ofSeconds(2))) // and what is replaced ends as soon
                .start());
        host.handle(ECHO, HandlerOptions.atMost(8).alsoRelayed(), (_, stream) -> echo(stream));
        return host;
    }

    private static void echo(Stream stream) throws IOException {
        var buffer = new byte[4096];
        for (int n; (n = stream.in().read(buffer)) >= 0; ) {
            stream.out().write(buffer, 0, n);
            stream.out().flush();
        }
    }

    private static void punch(Swarm host, Predicate<Multiaddr> dialled) {
        var _ = new HolePunching(host, host::listening, dialled).start();
    }

    private Connection meet(Swarm hidden, Swarm caller) throws IOException {
        var slots = new RelayClient(hidden, Clock.systemUTC()).start();
        slots.reserve(relay.peerId(), relay.addresses(), LIMIT);
        var over = slots.slots().getFirst().addresses();
        var _ = new RelayClient(caller, Clock.systemUTC()).start();
        var connection = caller.connect(hidden.peerId(), over, LIMIT);
        assertThat(connection.relayed()).isTrue();
        return connection;
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited " + LIMIT).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static boolean direct(Swarm from, Swarm to) {
        return from.connection(to.peerId()).filter(c -> !c.relayed()).isPresent();
    }

    @Test
    void a_stream_goes_on_over_the_relay_while_new_ones_take_the_direct_way() throws Exception {
        var hidden = shy();
        var caller = shy();
        punch(hidden, _ -> true);
        punch(caller, _ -> true);
        var relayed = meet(hidden, caller);
        try (var old = relayed.open(LIMIT, List.of(ECHO))) {
            old.timeout(LIMIT);
            old.out().write(1);
            old.out().flush();
            assertThat(old.in().read()).isEqualTo(1);
            until(() -> direct(caller, hidden) && direct(hidden, caller));
            old.out().write(2);
            old.closeWrite();
            assertThat(old.in().read()).isEqualTo(2);
            try (var fresh = caller.open(hidden.peerId(), ECHO, LIMIT)) {
                fresh.timeout(LIMIT);
                fresh.out().write(new byte[300_000]); // more than a circuit carries
                fresh.closeWrite();
                assertThat(fresh.in().readAllBytes()).hasSize(300_000);
            }
        }
        until(() -> !relayed.isOpen());
        assertThat(direct(caller, hidden)).isTrue();
        until(() -> hidden.counters().of(Event.HOLE_PUNCHED) == 1);
    }

    @Test
    void only_public_addresses_are_dialled_and_a_peer_that_offers_none_is_left_on_the_relay_after_three_attempts()
            throws Exception {
        var hidden = shy();
        var caller = shy();
        punch(hidden, PublicAddresses::isPublic);
        punch(caller, PublicAddresses::isPublic);
        meet(hidden, caller);
        until(() -> hidden.counters().of(Event.HOLE_PUNCH_FAILED) == 3);
        assertThat(direct(hidden, caller)).isFalse();
        assertThat(hidden.counters().of(Event.DIAL_FAILED)).isZero();
    }

    @Test
    void a_peer_that_sends_nonsense_is_asked_once() throws Exception {
        var asked = new AtomicInteger();
        var hidden = shy();
        punch(hidden, _ -> true);
        var caller = shy();
        caller.handle(HolePunchMessage.PROTOCOL, HandlerOptions.atMost(1).alsoRelayed(), (_, stream) -> {
            asked.incrementAndGet();
            LengthPrefixed.write(stream.out(), new byte[4097]);
        });
        meet(hidden, caller);
        until(() -> hidden.counters().of(Event.MALFORMED) == 1);
        assertThat(asked).hasValue(1);
        assertThat(direct(hidden, caller)).isFalse();
    }

    @Test
    void a_session_that_is_not_about_a_relayed_connection_is_refused() throws Exception {
        var host = shy();
        punch(host, _ -> true);
        var other = shy();
        var direct = other.connect(host.peerId(), List.of(host.listening().getFirst()), LIMIT);
        try (var stream = direct.open(LIMIT, List.of(HolePunchMessage.PROTOCOL))) {
            stream.timeout(LIMIT);
            LengthPrefixed.write(stream.out(), new HolePunchMessage.Connect(host.listening()).encode());
            assertThat(stream.in().readNBytes(1)).isEmpty();
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank(); // the stream was reset
        }
        until(() -> host.counters().of(Event.MALFORMED) == 1);
    }
}
