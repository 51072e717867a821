package io.infergrid.libp2p.kad;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Multiaddr;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RoutingTableTest {

    private static final Duration FRESH = Duration.ofMinutes(10);

    private final TestClock clock = new TestClock();
    private final Contacts contacts = new Contacts(1);
    private final Contact self = contacts.next();
    private final RoutingTable table = table(self);

    private RoutingTable table(Contact of) {
        return new RoutingTable(of.key(), 20, RoutingTable.Diversity.DEFAULT, FRESH, clock);
    }

    private Contact inFarthestBucket() {
        return contacts.next(c -> c.key().commonPrefix(self.key()) == 0);
    }

    private List<Contact> fullBucket() {
        var bucket = new ArrayList<Contact>();
        for (int i = 0; i < 20; i++) {
            bucket.add(inFarthestBucket());
            assertThat(table.offer(bucket.getLast(), null)).isEqualTo(new RoutingTable.Taken());
            clock.pass(Duration.ofSeconds(1));
        }
        return bucket;
    }

    @Test
    void a_node_is_not_in_its_own_table() {
        assertThat(table.offer(self, null)).isInstanceOf(RoutingTable.Refused.class);
        assertThat(table.size()).isZero();
    }

    @Test
    void a_full_bucket_keeps_peers_that_were_alive_a_short_while_ago() {
        var bucket = fullBucket();
        assertThat(table.offer(inFarthestBucket(), null)).isInstanceOf(RoutingTable.Refused.class);
        assertThat(table.contacts()).containsExactlyInAnyOrderElementsOf(bucket);
    }

    @Test
    void the_longest_silent_peer_is_pinged_before_it_makes_room() {
        var bucket = fullBucket();
        table.confirmed(bucket.getFirst().peer());
        clock.pass(FRESH);
        var newcomer = inFarthestBucket();
        assertThat(table.offer(newcomer, null)).isEqualTo(new RoutingTable.Full(bucket.get(1)));
        assertThat(table.find(newcomer.peer())).as("not before the ping failed").isEmpty();
        assertThat(table.replace(bucket.get(1).peer(), newcomer, null)).isTrue();
        assertThat(table.find(newcomer.peer())).isPresent();
        assertThat(table.find(bucket.get(1).peer())).isEmpty();
        assertThat(table.size()).isEqualTo(20);
    }

    @Test
    void one_peer_is_pinged_once_however_many_want_its_place() {
        var bucket = fullBucket();
        clock.pass(FRESH);
        assertThat(table.offer(inFarthestBucket(), null)).isEqualTo(new RoutingTable.Full(bucket.get(0)));
        table.confirmed(bucket.get(0).peer());
        assertThat(table.offer(inFarthestBucket(), null)).isEqualTo(new RoutingTable.Full(bucket.get(1)));
    }

    @Test
    void a_network_gets_two_places_in_a_bucket_and_three_in_the_table() {
        assertThat(table.offer(inFarthestBucket(), "net")).isEqualTo(new RoutingTable.Taken());
        var second = inFarthestBucket();
        assertThat(table.offer(second, "net")).isEqualTo(new RoutingTable.Taken());
        assertThat(table.offer(inFarthestBucket(), "net")).isInstanceOf(RoutingTable.Refused.class);
        var nearer = contacts.next(c -> c.key().commonPrefix(self.key()) == 1);
        assertThat(table.offer(nearer, "net")).isEqualTo(new RoutingTable.Taken());
        assertThat(table.offer(contacts.next(c -> c.key().commonPrefix(self.key()) == 2), "net"))
                .isInstanceOf(RoutingTable.Refused.class);
        assertThat(table.offer(inFarthestBucket(), "other")).isEqualTo(new RoutingTable.Taken());
        table.remove(second.peer());
        assertThat(table.offer(inFarthestBucket(), "net"))
                .as("a place became free")
                .isEqualTo(new RoutingTable.Taken());
    }

    @Test
    void a_network_is_a_slash_24_or_48_of_the_internet_and_nothing_on_a_local_network() {
        assertThat(network("/ip4/203.0.113.7/tcp/1"))
                .isEqualTo(network("/ip4/203.0.113.200/tcp/2"))
                .isNotNull();
        assertThat(network("/ip4/203.0.113.7/tcp/1")).isNotEqualTo(network("/ip4/203.0.112.7/tcp/1"));
        assertThat(network("/ip6/2001:db8:1::1/tcp/1")).isEqualTo(network("/ip6/2001:db8:1:ffff::2/tcp/1"));
        assertThat(network("/ip6/2001:db8:1::1/tcp/1")).isNotEqualTo(network("/ip6/2001:db8:2::1/tcp/1"));
        for (var local : List.of(
                "/ip4/192.168.1.2/tcp/1",
                "/ip4/10.0.0.1/tcp/1",
                "/ip4/127.0.0.1/tcp/1",
                "/ip6/::1/tcp/1",
                "/ip6/fe80::1/tcp/1",
                "/ip6/fd00::1/tcp/1",
                "/ip4/100.64.0.1/tcp/1",
                "/ip4/169.254.1.1/tcp/1")) {
            assertThat(network(local)).as(local).isNull();
        }
    }

    private static @org.jspecify.annotations.Nullable Object network(String address) {
        return AddressScope.network(Multiaddr.parse(address));
    }

    @Test
    void nobody_on_the_internet_names_addresses_of_our_own_network() {
        var named = List.of(
                Multiaddr.parse("/ip4/127.0.0.1/tcp/22"),
                Multiaddr.parse("/ip4/192.168.0.1/tcp/80"),
                Multiaddr.parse("/ip4/224.0.0.1/tcp/80"),
                Multiaddr.parse("/ip4/203.0.113.9/tcp/4001"));
        assertThat(AddressScope.believed(named, Multiaddr.parse("/ip4/198.51.100.1/tcp/1")))
                .containsExactly(named.get(3));
        assertThat(AddressScope.believed(named, Multiaddr.parse("/ip4/192.168.0.9/tcp/1")))
                .containsExactly(named.get(1), named.get(3));
        assertThat(AddressScope.believed(named, Multiaddr.parse("/ip4/127.0.0.1/tcp/1")))
                .containsExactly(named.get(0), named.get(1), named.get(3));
    }

    @Property(tries = 50)
    void the_closest_are_those_that_sorting_all_would_give(@ForAll long seed) {
        var some = new Contacts(seed);
        var own = some.next();
        var any = table(own);
        var target = new Random(seed).nextInt(4) == 0 ? own.key() : some.next().key();
        for (int i = 0; i < 300; i++) {
            any.offer(some.next(), null);
        }
        assertThat(any.closest(target, 20))
                .isEqualTo(any.contacts().stream()
                        .sorted((x, y) -> target.compareDistance(x.key(), y.key()))
                        .limit(20)
                        .toList());
    }
}
