package io.infergrid.libp2p.kad;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LookupTest {

    private final Contacts contacts = new Contacts(7);
    private final Contact self = contacts.next();
    private final KadKey target = contacts.next().key();

    private List<Contact> some(int count) {
        return IntStream.range(0, count)
                .mapToObj(_ -> contacts.next())
                .sorted((x, y) -> target.compareDistance(x.key(), y.key()))
                .toList();
    }

    private Lookup lookup(List<Contact> seeds, int k, int alpha, int paths) {
        return new Lookup(target, self.peer(), seeds, new Lookup.Shape(k, alpha, paths, 400));
    }

    @Test
    void without_anybody_to_ask_it_is_over() {
        var lookup = lookup(List.of(), 20, 10, 3);
        assertThat(lookup.ask()).isEmpty();
        assertThat(lookup.done()).isTrue();
        assertThat(lookup.closest()).isEmpty();
    }

    @Test
    void no_more_than_alpha_are_asked_at_once_and_the_nearest_first() {
        var seeds = some(20);
        var lookup = lookup(seeds, 20, 10, 1);
        assertThat(lookup.ask()).isEqualTo(seeds.subList(0, 10));
        assertThat(lookup.ask()).isEmpty();
        lookup.failed(seeds.get(3));
        assertThat(lookup.ask()).containsExactly(seeds.get(10));
    }

    @Test
    void who_is_slow_makes_room_and_may_still_answer() {
        var seeds = some(12);
        var lookup = lookup(seeds, 12, 10, 1);
        lookup.ask();
        lookup.slow(seeds.get(0));
        assertThat(lookup.ask()).containsExactly(seeds.get(10));
        lookup.answered(seeds.get(0), List.of());
        assertThat(lookup.closest()).containsExactly(seeds.get(0));
    }

    @Test
    void a_lookup_does_not_wait_for_the_slow_once_all_others_answered() {
        var seeds = some(3);
        var lookup = lookup(seeds, 3, 3, 1);
        lookup.ask();
        lookup.slow(seeds.get(1));
        lookup.answered(seeds.get(0), List.of());
        assertThat(lookup.done()).isFalse();
        lookup.answered(seeds.get(2), List.of());
        assertThat(lookup.done()).isTrue();
        assertThat(lookup.closest()).containsExactly(seeds.get(0), seeds.get(2));
    }

    @Test
    void a_peer_is_asked_on_one_path_only_and_believed_on_that_one() {
        var all = some(8);
        var seeds = all.subList(4, 6);
        var lookup = lookup(seeds, 2, 2, 2);
        assertThat(lookup.ask()).containsExactlyElementsOf(seeds);
        lookup.answered(seeds.get(0), all.subList(0, 2));
        lookup.answered(seeds.get(1), List.of(all.get(0), all.get(2)));
        var next = new ArrayList<Contact>();
        for (var batch = lookup.ask(); !batch.isEmpty(); batch = lookup.ask()) {
            next.addAll(batch);
            batch.forEach(c -> lookup.answered(c, List.of()));
        }
        assertThat(next).doesNotHaveDuplicates().contains(all.get(0), all.get(1), all.get(2));
        assertThat(lookup.done()).isTrue();
        assertThat(lookup.closest()).isEqualTo(all.subList(0, 2));
    }

    @Test
    void a_false_address_from_one_path_does_not_hide_a_peer_that_another_names_rightly() {
        var seeds = some(2);
        var victim = contacts.next();
        var lie = new Contact(victim.peer(), victim.key(), contacts.next().addresses());
        var lookup = lookup(seeds, 4, 4, 2);
        lookup.ask();
        lookup.answered(seeds.get(0), List.of(lie));
        assertThat(lookup.ask()).containsExactly(lie);
        lookup.failed(lie);
        lookup.answered(seeds.get(1), List.of(victim));
        assertThat(lookup.ask()).containsExactly(victim);
    }

    @Test
    void a_peer_that_names_thousands_is_heard_on_k_of_them_and_never_on_ourselves() {
        var seeds = some(1);
        var lookup = lookup(seeds, 5, 50, 1);
        lookup.ask();
        var flood = new ArrayList<>(some(1000));
        flood.addFirst(self);
        lookup.answered(seeds.getFirst(), flood);
        assertThat(lookup.ask()).hasSizeBetween(4, 5).doesNotContain(self);
    }

    @Test
    void it_ends_however_many_turn_up() {
        var lookup = new Lookup(target, self.peer(), some(3), new Lookup.Shape(20, 10, 3, 50));
        while (!lookup.done()) {
            for (var contact : lookup.ask()) {
                lookup.answered(contact, some(20));
            }
        }
        assertThat(lookup.asked()).isEqualTo(50);
    }

    @Test
    void two_thousand_nodes_of_which_thirty_percent_are_gone_are_searched_in_log_n_rounds() {
        var simulation = KadSimulation.grown(2000, Lookup.Shape.DEFAULT, 1);
        simulation.vanish(0.3);
        var report = simulation.look(300, KadSimulation.Network.inRounds(2000, 0.3));
        System.out.println("2000 nodes, 30 % gone, seed 1: " + report);
        assertThat(report.longest()).isLessThanOrEqualTo((long) (Math.log(2000) / Math.log(2)));
        assertThat(report.found()).isGreaterThan(0.99);
        assertThat(report.ofNearest()).isGreaterThan(0.97);
    }

    @Test
    void one_seed_gives_one_simulation() {
        assertThat(small(5)).isEqualTo(small(5)).isNotEqualTo(small(6));
    }

    private static KadSimulation.Report small(long seed) {
        var simulation = KadSimulation.grown(100, Lookup.Shape.DEFAULT, seed);
        simulation.vanish(0.2);
        return simulation.look(20, KadSimulation.Network.inTime(100, 0.2));
    }

    @Test
    void disjoint_paths_reach_the_nearest_honest_node_past_accomplices_all_around_the_key() {
        double onOne = amongLiars(1);
        double onFive = amongLiars(5);
        System.out.printf(
                "7 %% liars: nearest honest node reached by %.2f of lookups on one path, %.2f on five%n",
                onOne, onFive);
        assertThat(onFive).isGreaterThan(0.6).isGreaterThan(2 * onOne);
    }

    /** Seven nodes of a hundred answers each request with accomplices nearer to the target than anybody. */
    private static double amongLiars(int paths) {
        var simulation = KadSimulation.grown(300, Lookup.Shape.DEFAULT.withPaths(paths), 3);
        simulation.corrupt(0.07);
        return simulation.look(100, KadSimulation.Network.inRounds(300, 0)).found();
    }
}
