package io.infergrid.libp2p.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The row "relay" of the limits, on the table that keeps it. */
class ReservationsTest {

    private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
    private static final RelayLimits LIMITS = RelayLimits.DEFAULT;

    private static PeerId peer() {
        return PrivateKey.generate().peerId();
    }

    private static InetAddress address(int network, int host) {
        return InetAddress.ofLiteral("11." + network + "." + (host >> 8) + "." + (host & 0xff));
    }

    @Test
    void the_hundred_and_twenty_ninth_peer_gets_no_slot() {
        var slots = new Reservations(LIMITS);
        for (int i = 0; i < 128; i++) {
            assertThat(slots.reserve(peer(), address(i / 32, i), NOW)).isPresent();
        }
        assertThat(slots.reserve(peer(), address(99, 1), NOW)).isEmpty();
        assertThat(slots.size()).isEqualTo(128);
    }

    @Test
    void the_ninth_peer_of_an_address_and_the_thirty_third_of_a_network_get_no_slot() {
        var slots = new Reservations(LIMITS);
        for (int i = 0; i < 8; i++) {
            assertThat(slots.reserve(peer(), address(1, 1), NOW)).isPresent();
        }
        assertThat(slots.reserve(peer(), address(1, 1), NOW)).isEmpty();
        for (int i = 0; i < 24; i++) {
            assertThat(slots.reserve(peer(), address(1, 2 + i), NOW)).isPresent();
        }
        assertThat(slots.reserve(peer(), address(1, 200), NOW)).isEmpty();
        assertThat(slots.reserve(peer(), address(2, 1), NOW)).isPresent();
    }

    @Test
    void a_household_of_IPv6_counts_as_one_address() {
        var slots = new Reservations(LIMITS);
        for (int i = 0; i < 8; i++) {
            assertThat(slots.reserve(peer(), InetAddress.ofLiteral("2a00:1:2:3" + i + "::1"), NOW))
                    .isPresent();
        }
        assertThat(slots.reserve(peer(), InetAddress.ofLiteral("2a00:1:2:3f::9"), NOW))
                .isEmpty();
    }

    @Test
    void a_peer_has_one_slot_which_a_renewal_prolongs_and_an_hour_ends() {
        var slots = new Reservations(LIMITS);
        var peer = peer();
        slots.reserve(peer, address(1, 1), NOW);
        assertThat(slots.reserve(peer, address(1, 1), NOW.plusSeconds(1800)))
                .contains(NOW.plusSeconds(1800).plus(Duration.ofHours(1)));
        assertThat(slots.size()).isEqualTo(1);
        assertThat(slots.has(peer, NOW.plusSeconds(5399))).isTrue();
        assertThat(slots.has(peer, NOW.plusSeconds(5400))).isFalse();
    }

    @Test
    void the_seventeenth_circuit_of_a_peer_is_refused_on_either_side() {
        var slots = new Reservations(LIMITS);
        var busy = peer();
        for (int i = 0; i < 8; i++) {
            assertThat(slots.begin(busy, peer())).isTrue();
            assertThat(slots.begin(peer(), busy)).isTrue();
        }
        var other = peer();
        assertThat(slots.begin(busy, other)).isFalse();
        assertThat(slots.begin(other, busy)).isFalse();
        slots.end(busy, peer());
        assertThat(slots.begin(other, busy)).isTrue();
    }

    /** Whatever comes in whatever order, no limit is passed and no slot is lost before its time. */
    @Property(tries = 50)
    void limits_hold_whatever_comes(
            @ForAll @Size(max = 80) List<@IntRange(max = 11) Integer> peers, @ForAll @IntRange(max = 3) int spread) {
        var limits = LIMITS.withReservations(6, 3, 5);
        var slots = new Reservations(limits);
        var ids = new ArrayList<PeerId>();
        for (int i = 0; i < 12; i++) {
            ids.add(peer());
        }
        Map<PeerId, Instant> granted = new HashMap<>();
        var now = NOW;
        for (int index : peers) {
            now = now.plusSeconds(300);
            var at = address(index % 2, index % (spread + 1));
            var moment = now;
            slots.reserve(ids.get(index), at, now).ifPresent(_ -> granted.put(ids.get(index), moment));
            assertThat(slots.size()).isLessThanOrEqualTo(6);
            granted.forEach((peer, since) ->
                    assertThat(slots.has(peer, moment)).isEqualTo(moment.isBefore(since.plus(Duration.ofHours(1)))));
        }
    }
}
