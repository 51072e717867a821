package io.infergrid.libp2p.reachability;

import static io.infergrid.libp2p.reachability.Reachability.State.PRIVATE;
import static io.infergrid.libp2p.reachability.Reachability.State.PUBLIC;
import static io.infergrid.libp2p.reachability.Reachability.State.RELAYED;
import static io.infergrid.libp2p.reachability.Reachability.State.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.reachability.Reachability.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ReachabilityTest {

    private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
    private static final Multiaddr ONE = Multiaddr.parse("/ip4/11.0.0.1/tcp/4001");
    private static final Multiaddr TWO = Multiaddr.parse("/ip4/11.0.0.2/tcp/4001");
    private static final Multiaddr RELAY = Multiaddr.parse("/ip4/11.0.0.9/tcp/4001");
    private static final List<PeerId> PEERS =
            IntStream.range(0, 5).mapToObj(_ -> PrivateKey.generate().peerId()).toList();

    private static Reachability of(Signal... signals) {
        var state = Reachability.start();
        for (var signal : signals) {
            state = state.after(signal);
        }
        return state;
    }

    private static Signal failed(Multiaddr address, int peer) {
        return new Signal.NotReached(address, PEERS.get(peer), NOW);
    }

    private static final Signal BOTH = new Signal.Candidates(Set.of(ONE, TWO));
    private static final Signal FIRST = new Signal.Candidates(Set.of(ONE));
    private static final Signal REACHED = new Signal.Reached(ONE, PEERS.getFirst(), NOW);

    @Test
    void one_peer_that_gets_through_makes_a_host_public_for_an_hour() {
        assertThat(of(FIRST).state()).isEqualTo(UNKNOWN);
        var reached = of(FIRST, REACHED);
        assertThat(reached.state()).isEqualTo(PUBLIC);
        assertThat(reached.mayServe()).isTrue();
        assertThat(reached.advice()).isEqualTo("Others reach this rig directly at /ip4/11.0.0.1/tcp/4001.");
        assertThat(reached.after(new Signal.Tick(NOW.plusSeconds(3599))).state())
                .isEqualTo(PUBLIC);
        assertThat(reached.after(new Signal.Tick(NOW.plusSeconds(3600))).state())
                .isEqualTo(UNKNOWN);
    }

    @Test
    void three_different_peers_have_to_fail_at_every_address_before_a_host_is_private() {
        var twice = of(BOTH, failed(ONE, 0), failed(ONE, 0), failed(ONE, 0), failed(ONE, 1));
        assertThat(twice.state()).isEqualTo(UNKNOWN);
        var one = twice.after(failed(ONE, 2));
        assertThat(one.verdict(ONE)).contains(Verdict.CLOSED);
        assertThat(one.state()).isEqualTo(UNKNOWN); // the other was not tried
        var all = one.after(failed(TWO, 0)).after(failed(TWO, 1)).after(failed(TWO, 2));
        assertThat(all.state()).isEqualTo(PRIVATE);
        assertThat(all.wantsRelays()).isTrue();
        assertThat(all.mayServe()).isFalse();
    }

    @Test
    void a_public_address_survives_two_doubts_and_not_three() {
        var doubted = of(FIRST, REACHED, failed(ONE, 1), failed(ONE, 2));
        assertThat(doubted.state()).isEqualTo(PUBLIC);
        assertThat(doubted.after(failed(ONE, 3)).state()).isEqualTo(PRIVATE);
        assertThat(doubted.after(REACHED).after(failed(ONE, 3)).state()).isEqualTo(PUBLIC); // a success clears them
    }

    @Test
    void a_private_host_with_a_slot_is_relayed_and_public_again_once_it_is_reached() {
        var alone = of(FIRST, failed(ONE, 0), failed(ONE, 1), failed(ONE, 2));
        var relayed = alone.after(new Signal.Relays(Set.of(RELAY)));
        assertThat(relayed.state()).isEqualTo(RELAYED);
        assertThat(relayed.wantsRelays()).isTrue();
        assertThat(relayed.after(REACHED).state()).isEqualTo(PUBLIC);
        assertThat(relayed.after(REACHED).wantsRelays()).isFalse();
        assertThat(relayed.after(new Signal.Relays(Set.of())).state()).isEqualTo(PRIVATE);
    }

    @Test
    void a_changed_network_forgets_what_was_learnt_on_the_old_one() {
        var moved = of(FIRST, REACHED, new Signal.NetworkChanged());
        assertThat(moved.state()).isEqualTo(UNKNOWN);
        assertThat(moved.after(REACHED).state()).isEqualTo(UNKNOWN); // an answer that came too late
    }

    @Test
    void the_advice_names_the_next_step() {
        var alone = of(FIRST, failed(ONE, 0), failed(ONE, 1), failed(ONE, 2));
        assertThat(alone.advice())
                .isEqualTo("Others cannot reach this rig, so it can only call out. Next step: switch on port mapping"
                        + " in the settings, or forward TCP port 4001 to this computer on the router.");
        assertThat(alone.after(new Signal.Mapped(new Mapping.Refused("no"))).advice())
                .contains("forward TCP port 4001 to this computer on the router, or switch on UPnP");
        assertThat(alone.after(new Signal.Mapped(new Mapping.Open(ONE))).advice())
                .contains("allow TCP port 4001 in this computer's firewall");
        var carrier = Multiaddr.parse("/ip4/100.64.3.4/tcp/4001");
        assertThat(alone.after(new Signal.Mapped(new Mapping.Open(carrier))).advice())
                .contains("the provider shares one address");
        assertThat(alone.after(new Signal.Mapped(new Mapping.Asking()))
                        .after(new Signal.Relays(Set.of(RELAY)))
                        .advice())
                .isEqualTo("Others reach this rig through a relay; a direct link is tried with each peer."
                        + " The router is being asked to forward TCP port 4001.");
        assertThat(of().advice()).contains("no peer has seen an address of it");
        assertThat(of(FIRST).advice()).contains("peers are being asked");
    }

    @Provide
    Arbitrary<List<Signal>> signals() {
        var addresses = Arbitraries.of(ONE, TWO);
        var peers = Arbitraries.of(PEERS);
        var times = Arbitraries.integers().between(0, 10_000).map(NOW::plusSeconds);
        Arbitrary<Signal> one = Arbitraries.oneOf(
                addresses.set().ofMaxSize(2).map(Signal.Candidates::new),
                addresses.flatMap(a -> peers.flatMap(p -> times.map(t -> new Signal.Reached(a, p, t)))),
                addresses.flatMap(a -> peers.flatMap(p -> times.map(t -> new Signal.NotReached(a, p, t)))),
                times.map(Signal.Tick::new),
                Arbitraries.of(Set.<Multiaddr>of(), Set.of(RELAY)).map(Signal.Relays::new),
                Arbitraries.of(
                                new Mapping.Off(),
                                new Mapping.Asking(),
                                new Mapping.Refused("no"),
                                new Mapping.Open(ONE))
                        .map(Signal.Mapped::new),
                Arbitraries.just(new Signal.NetworkChanged()));
        return one.list().ofMaxSize(40);
    }

    /** What holds in every state, however it was come to. */
    @Property(tries = 300)
    void every_state_is_consistent(@ForAll("signals") List<Signal> signals) {
        var state = Reachability.start();
        for (var signal : signals) {
            var before = state;
            state = state.after(signal);
            assertThat(state.state() == PUBLIC).isEqualTo(!state.open().isEmpty());
            assertThat(state.mayServe()).isEqualTo(state.state() == PUBLIC);
            assertThat(state.state() == PUBLIC && state.wantsRelays()).isFalse();
            assertThat(state.state() == PRIVATE && !state.wantsRelays()).isFalse();
            assertThat(state.state() == RELAYED && state.relays().isEmpty()).isFalse();
            assertThat(state.advice()).isNotBlank().endsWith(".");
            assertThat(state.open()).noneMatch(state.closed()::contains);
            if (signal instanceof Signal.NotReached && before.state() != PUBLIC) {
                assertThat(state.state()).isNotEqualTo(PUBLIC); // a failure opens nothing
            }
            if (signal instanceof Signal.Relays || signal instanceof Signal.Mapped) {
                assertThat(state.open()).isEqualTo(before.open()); // nor does what others promise
            }
            assertThat(state.after(signal).state()).isEqualTo(state.state()); // hearing it twice changes nothing
        }
    }
}
