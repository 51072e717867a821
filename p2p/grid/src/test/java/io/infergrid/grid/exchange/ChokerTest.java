package io.infergrid.grid.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.exchange.Choker.Applicant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChokerTest {

    @Property(tries = 300)
    void slots_are_never_exceeded_and_nobody_waits_for_ever(
            @ForAll @IntRange(min = 1, max = 12) int slots,
            @ForAll @IntRange(min = 1, max = 30) int peers,
            @ForAll boolean fetching,
            @ForAll long seed) {
        var random = new Random(seed);
        var choker = new Choker<Integer>(slots);
        var waiting = new HashSet<Integer>();
        for (int peer = 0; peer < peers; peer++) {
            waiting.add(peer);
        }
        int rounds = Choker.TENURE * (peers + 2);
        for (int round = 0; round < rounds; round++) {
            var applicants = new ArrayList<Applicant<Integer>>();
            for (int peer = 0; peer < peers; peer++) {
                applicants.add(new Applicant<>(peer, random.nextInt(3) * 1000L, random.nextInt(3) * 1000L));
            }
            Set<Integer> chosen = choker.next(applicants, fetching);
            assertThat(chosen).hasSize(Math.min(slots, peers));
            waiting.removeAll(chosen);
        }
        assertThat(waiting).isEmpty();
    }

    @Test
    void who_gives_most_is_served_first_while_this_node_fetches() {
        var choker = new Choker<String>(3);
        var applicants = List.of(
                new Applicant<>("gives nothing", 0, 900),
                new Applicant<>("gives much", 500, 0),
                new Applicant<>("gives little", 10, 0),
                new Applicant<>("gives some", 100, 0),
                new Applicant<>("new", 0, 0));
        var optimistic = new HashSet<String>();
        for (int round = 0; round < 12; round++) {
            Set<String> chosen = choker.next(applicants, true);
            assertThat(chosen).hasSize(3).contains("gives much", "gives some");
            optimistic.addAll(chosen);
        }
        assertThat(optimistic).contains("gives nothing", "gives little", "new");
    }

    @Test
    void a_seeder_gives_half_its_slots_to_those_who_take_fastest() {
        var choker = new Choker<String>(4);
        var applicants = new ArrayList<Applicant<String>>();
        for (int i = 0; i < 10; i++) {
            applicants.add(new Applicant<>("peer " + i, 0, 100 * i));
        }
        for (int round = 0; round < 9; round++) {
            assertThat(choker.next(applicants, false)).hasSize(4).contains("peer 9", "peer 8");
        }
    }

    @Test
    void without_slots_nobody_is_served() {
        assertThat(new Choker<String>(0).next(List.of(new Applicant<>("peer", 1, 1)), true))
                .isEmpty();
    }
}
