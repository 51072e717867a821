package io.infergrid.libp2p.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.LengthPrefixed;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A relay and peers on the loopback interface, with a clock that the test turns. */
@Timeout(60)
class RelayTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<RelayServer> servers = new ArrayList<>();
    private volatile Instant now = Instant.ofEpochSecond(1_900_000_000);
    private final Clock clock = new Turned();
    private final PrivateKey relayKey = PrivateKey.generate();

    private final class Turned extends Clock {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
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

    private Swarm listening(PrivateKey key) throws IOException {
        return kept(
                new HostBuilder().identity(key).listen("/ip4/127.0.0.1/tcp/0").start());
    }

    /** A host that listens nowhere, as one behind a NAT. */
    private Swarm hidden() throws IOException {
        return kept(new HostBuilder().start());
    }

    private Swarm relay(RelayLimits limits) throws IOException {
        var host = listening(relayKey);
        servers.add(kept(new RelayServer(host, limits, clock).start()));
        return host;
    }

    private RelayClient client(Swarm host) {
        var client = new RelayClient(host, clock).start();
        host.handle(
                ECHO,
                HandlerOptions.atMost(8).alsoRelayed(),
                (_, stream) -> stream.in().transferTo(stream.out()));
        return client;
    }

    private static String echo(Swarm from, Swarm to, int bytes) throws IOException {
        var connection = from.connection(to.peerId()).orElseThrow();
        try (var stream = connection.open(LIMIT, List.of(ECHO))) {
            stream.timeout(LIMIT);
            stream.out().write("x".repeat(bytes).getBytes(StandardCharsets.US_ASCII));
            stream.closeWrite();
            return new String(stream.in().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited " + LIMIT).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void a_peer_that_nobody_can_dial_is_reached_over_a_relay() throws Exception {
        var relay = relay(RelayLimits.DEFAULT);
        var hidden = hidden();
        var slot = client(hidden).reserve(relay.peerId(), relay.addresses(), LIMIT);
        assertThat(slot.limit()).isEqualTo(RelayLimits.DEFAULT.circuit());
        assertThat(slot.expires()).isEqualTo(now.plus(Duration.ofHours(1)));
        assertThat(hidden.addresses())
                .containsExactly(relay.addresses().getFirst().with("/p2p-circuit/p2p/" + hidden.peerId()));

        var caller = hidden();
        client(caller);
        var connection = caller.connect(hidden.peerId(), hidden.addresses(), LIMIT);
        assertThat(connection.relayed()).isTrue();
        assertThat(connection.remote()).isEqualTo(hidden.peerId());
        assertThat(connection.remoteAddress())
                .isEqualTo(relay.addresses().getFirst().with("/p2p-circuit"));
        assertThat(echo(caller, hidden, 30_000)).hasSize(30_000);
        assertThat(caller.ping(hidden.peerId(), LIMIT)).isPositive();
        assertThat(servers.getLast().reservations()).isEqualTo(1);
        assertThat(servers.getLast().circuits()).isEqualTo(1);

        assertThatThrownBy(() -> caller.open(hidden.peerId(), ECHO, LIMIT)).hasMessageContaining("over a relay only");
        connection.close();
        until(() -> servers.getLast().circuits() == 0);
        until(() -> hidden.connection(caller.peerId()).isEmpty());
    }

    @Test
    void a_circuit_is_cut_at_its_bytes_and_at_its_time() throws Exception {
        var relay = relay(RelayLimits.DEFAULT.withCircuits(16, new CircuitLimit(Duration.ofMinutes(2), 50_000)));
        var hidden = hidden();
        client(hidden).reserve(relay.peerId(), relay.addresses(), LIMIT);
        var caller = hidden();
        client(caller);
        caller.connect(hidden.peerId(), hidden.addresses(), LIMIT);
        assertThatThrownBy(() -> echo(caller, hidden, 60_000)).isInstanceOf(IOException.class);
        until(() -> relay.counters().of(Event.RELAY_CIRCUIT_CUT) == 1);
        until(() -> caller.connection(hidden.peerId()).isEmpty());

        var brief = listening(relayKey);
        kept(new RelayServer(
                        brief, RelayLimits.DEFAULT.withCircuits(16, new CircuitLimit(Duration.ofMillis(300), 0)), clock)
                .start());
        relay.close();
        var other = hidden();
        client(other).reserve(brief.peerId(), brief.addresses(), LIMIT);
        var impatient = hidden();
        client(impatient);
        impatient.connect(other.peerId(), other.addresses(), LIMIT);
        until(() -> impatient.connection(other.peerId()).isEmpty());
        assertThat(brief.counters().of(Event.RELAY_CIRCUIT_CUT)).isEqualTo(1);
    }

    @Test
    void a_slot_is_renewed_before_it_ends_and_useless_after() throws Exception {
        var relay = relay(RelayLimits.DEFAULT);
        var hidden = hidden();
        var slots = client(hidden);
        slots.reserve(relay.peerId(), relay.addresses(), LIMIT);
        var first = now;
        now = first.plus(Duration.ofMinutes(44));
        slots.tick(now);
        assertThat(slots.slots().getFirst().expires()).isEqualTo(first.plus(Duration.ofHours(1)));
        now = first.plus(Duration.ofMinutes(45));
        slots.tick(now);
        assertThat(slots.slots().getFirst().expires()).isEqualTo(now.plus(Duration.ofHours(1)));

        now = now.plus(Duration.ofHours(1)); // nobody renewed
        var caller = hidden();
        client(caller);
        assertThatThrownBy(() -> caller.connect(hidden.peerId(), hidden.addresses(), LIMIT))
                .hasMessageContaining("found NO_RESERVATION");
    }

    @Test
    void a_relay_that_is_full_refuses_and_so_does_one_that_is_asked_for_a_stranger() throws Exception {
        var relay = relay(RelayLimits.DEFAULT.withReservations(1, 8, 32));
        var hidden = hidden();
        client(hidden).reserve(relay.peerId(), relay.addresses(), LIMIT);
        var late = hidden();
        var slots = client(late);
        assertThatThrownBy(() -> slots.reserve(relay.peerId(), relay.addresses(), LIMIT))
                .hasMessageContaining("found RESERVATION_REFUSED");
        var over = relay.addresses().getFirst().with("/p2p-circuit");
        assertThatThrownBy(() -> hidden.connect(late.peerId(), List.of(over), LIMIT))
                .hasMessageContaining("found NO_RESERVATION");
        assertThat(relay.counters().of(Event.RELAY_REFUSED)).isEqualTo(2);
    }

    @Test
    void more_circuits_of_a_peer_than_allowed_are_refused() throws Exception {
        var relay = relay(RelayLimits.DEFAULT.withCircuits(1, RelayLimits.DEFAULT.circuit()));
        var hidden = hidden();
        client(hidden).reserve(relay.peerId(), relay.addresses(), LIMIT);
        var caller = hidden();
        client(caller);
        caller.connect(hidden.peerId(), hidden.addresses(), LIMIT);
        var other = hidden();
        client(other);
        assertThatThrownBy(() -> other.connect(hidden.peerId(), hidden.addresses(), LIMIT))
                .hasMessageContaining("found RESOURCE_LIMIT_EXCEEDED");
    }

    @Test
    void a_relay_gives_nothing_to_those_that_came_over_a_relay() throws Exception {
        var first = relay(RelayLimits.DEFAULT);
        var secondKey = PrivateKey.generate();
        var second =
                kept(new HostBuilder().identity(secondKey).start()); // a relay that can be reached over the first only
        kept(new RelayServer(second, RelayLimits.DEFAULT, clock).start());
        client(second).reserve(first.peerId(), first.addresses(), LIMIT);
        var hidden = hidden();
        var slots = client(hidden);
        assertThatThrownBy(() -> slots.reserve(second.peerId(), second.addresses(), LIMIT))
                .hasMessageContaining("expected a direct connection");
        for (var request : List.of(new HopMessage.Reserve(), new HopMessage.Connect(new PeerRef(first.peerId())))) {
            var connection = hidden.connection(second.peerId()).orElseThrow();
            try (var stream = connection.open(LIMIT, List.of(HopMessage.PROTOCOL))) {
                assertThat(ask(stream, request)).isEqualTo(HopMessage.Answer.of(RelayStatus.PERMISSION_DENIED));
            }
        }
    }

    private static HopMessage ask(Stream stream, HopMessage request) throws IOException {
        stream.timeout(LIMIT);
        LengthPrefixed.write(stream.out(), request.encode());
        return HopMessage.decode(LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop"));
    }

    @Test
    void a_message_longer_than_4_KiB_or_without_sense_is_answered_as_malformed() throws Exception {
        var relay = relay(RelayLimits.DEFAULT);
        var peer = hidden();
        var connection = peer.connect(relay.peerId(), relay.addresses(), LIMIT);
        for (var bytes : List.of(new byte[4097], new byte[] {8, 7})) {
            try (var stream = connection.open(LIMIT, List.of(HopMessage.PROTOCOL))) {
                stream.timeout(LIMIT);
                LengthPrefixed.write(stream.out(), bytes);
                assertThat(HopMessage.decode(LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop")))
                        .isEqualTo(HopMessage.Answer.of(RelayStatus.MALFORMED_MESSAGE));
            }
        }
        until(() -> relay.counters().of(Event.MALFORMED) == 2);
    }

    @Test
    void a_circuit_from_a_relay_at_which_we_hold_no_slot_is_refused() throws Exception {
        var stranger = listening(PrivateKey.generate());
        var victim = hidden();
        client(victim);
        victim.connect(stranger.peerId(), stranger.addresses(), LIMIT);
        var arrived = new CountDownLatch(1);
        victim.handle("/never", _ -> arrived.countDown());
        try (var stream =
                stranger.connection(victim.peerId()).orElseThrow().open(LIMIT, List.of(StopMessage.PROTOCOL))) {
            stream.timeout(LIMIT);
            var connect = new StopMessage.Connect(new PeerRef(stranger.peerId()), CircuitLimit.NONE);
            LengthPrefixed.write(stream.out(), connect.encode());
            assertThat(StopMessage.decode(LengthPrefixed.read(stream.in(), StopMessage.MAX_BYTES, "stop")))
                    .isEqualTo(new StopMessage.Answer(RelayStatus.PERMISSION_DENIED));
        }
        assertThat(victim.counters().of(Event.RELAY_UNASKED)).isEqualTo(1);
        assertThat(arrived.getCount()).isEqualTo(1);
    }

    @Test
    void a_voucher_of_another_relay_or_for_another_peer_is_refused() throws Exception {
        var relay = listening(relayKey);
        var peer = hidden();
        var expires = now.plusSeconds(3600);
        var other = PrivateKey.generate();
        var forged = List.of(
                new Voucher(relay.peerId(), peer.peerId(), expires).seal(other.publicKey(), other::sign),
                new Voucher(relay.peerId(), PrivateKey.generate().peerId(), expires)
                        .seal(relayKey.publicKey(), relayKey::sign));
        var next = forged.iterator();
        relay.handle(HopMessage.PROTOCOL, stream -> {
            LengthPrefixed.read(stream.in(), HopMessage.MAX_BYTES, "hop");
            var slot = new Reservation(expires, List.of(), next.next());
            LengthPrefixed.write(
                    stream.out(), new HopMessage.Answer(RelayStatus.OK, Optional.of(slot), CircuitLimit.NONE).encode());
        });
        var slots = client(peer);
        for (int i = 0; i < forged.size(); i++) {
            assertThatThrownBy(() -> slots.reserve(relay.peerId(), relay.addresses(), LIMIT))
                    .hasMessageContaining("voucher: expected one of " + relay.peerId());
        }
        assertThat(slots.slots()).isEmpty();
    }

    @Test
    void a_slot_ends_with_the_connection_to_its_relay() throws Exception {
        var relay = relay(RelayLimits.DEFAULT);
        var hidden = hidden();
        var slots = client(hidden);
        slots.reserve(relay.peerId(), relay.addresses(), LIMIT);
        hidden.connection(relay.peerId()).orElseThrow().close();
        until(() -> slots.slots().isEmpty() && hidden.addresses().isEmpty());
        until(() -> servers.getLast().reservations() == 0);
    }

    @Test
    void an_address_over_two_relays_or_without_one_is_not_dialled() throws IOException {
        var client = client(hidden());
        var a = PrivateKey.generate().peerId();
        var b = PrivateKey.generate().peerId();
        var plain = Multiaddr.parse("/ip4/192.0.2.7/tcp/4001");
        assertThat(client.dials(plain)).isFalse();
        assertThat(client.dials(plain.with("/p2p-circuit"))).isFalse();
        assertThat(client.dials(plain.with("/p2p/" + a + "/p2p-circuit/p2p/" + b + "/p2p-circuit")))
                .isFalse();
        assertThat(client.dials(plain.with("/p2p/" + a + "/p2p-circuit/p2p/" + b)))
                .isTrue();
        assertThat(client.dials(Multiaddr.parse("/p2p/" + a + "/p2p-circuit/p2p/" + b)))
                .isTrue();
    }
}
