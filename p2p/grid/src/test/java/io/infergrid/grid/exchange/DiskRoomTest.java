package io.infergrid.grid.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.DiskRoom.Shelved;
import io.infergrid.grid.exchange.SeedChoice.Wanting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class DiskRoomTest {

    private static final Hash MODEL = Hash.of(new byte[32]);

    @Property(tries = 500)
    void the_quota_is_kept_and_what_must_stay_stays(@ForAll long seed, @ForAll boolean lastCopies) {
        var random = new Random(seed);
        var shelved = new ArrayList<Shelved>();
        for (int shard = random.nextInt(12); shard >= 0; shard--) {
            shelved.add(new Shelved(
                    MODEL, shard, random.nextInt(1000), random.nextInt(4), random.nextInt(4) == 0, random.nextInt(5)));
        }
        long quota = random.nextInt(6000);
        long needed = random.nextInt(3000);
        DiskRoom.Plan plan = DiskRoom.plan(shelved, needed, quota, lastCopies);

        long used = shelved.stream().mapToLong(Shelved::bytes).sum();
        long freed = plan.delete().stream().mapToLong(Shelved::bytes).sum();
        assertThat(plan.delete()).noneMatch(Shelved::pinned).doesNotHaveDuplicates();
        long canGo = shelved.stream()
                .filter(shard -> !shard.pinned() && (lastCopies || shard.copiesElsewhere() > 0))
                .mapToLong(Shelved::bytes)
                .sum();
        assertThat(plan.possible()).isEqualTo(used - canGo + needed <= quota);
        if (plan.possible()) {
            assertThat(used - freed + needed).isLessThanOrEqualTo(quota);
            if (!plan.delete().isEmpty()) {
                assertThat(used - freed + plan.delete().getLast().bytes() + needed)
                        .as("nothing is deleted that need not be")
                        .isGreaterThan(quota);
            }
        } else {
            assertThat(plan.delete()).isEmpty();
        }
        if (!lastCopies) {
            assertThat(plan.delete()).allMatch(shard -> shard.copiesElsewhere() > 0);
        }
        // nobody keeps what more others have than what goes
        var kept = new HashSet<>(shelved);
        plan.delete().forEach(kept::remove);
        for (Shelved gone : plan.delete()) {
            assertThat(kept)
                    .filteredOn(shard -> !shard.pinned() && shard.bytes() > 0)
                    .allMatch(shard -> shard.copiesElsewhere() <= gone.copiesElsewhere());
        }
    }

    @Test
    void a_plan_that_fails_says_whether_last_copies_would_help() {
        var only = new Shelved(MODEL, 1, 100, 0, false, 0);
        assertThat(DiskRoom.plan(List.of(only), 50, 100, false).lastCopiesHelp())
                .isTrue();
        assertThat(DiskRoom.plan(List.of(only), 150, 100, false).lastCopiesHelp())
                .isFalse();
        assertThat(DiskRoom.plan(List.of(only), 50, 100, true).delete()).containsExactly(only);
    }

    @Test
    void what_the_fewest_have_is_seeded_and_nodes_spread_over_equals() {
        var known = new ArrayList<Wanting>();
        for (int shard = 0; shard < 20; shard++) {
            known.add(new Wanting(MODEL, shard, 10, shard < 10 ? 1 : 2, shard == 0));
        }
        known.add(new Wanting(MODEL, 20, 10, 0, false)); // nobody has it: nowhere to get it from
        known.add(new Wanting(MODEL, 21, 1000, 1, false)); // too large
        var chosen = new HashSet<Integer>();
        for (int node = 0; node < 50; node++) {
            chosen.add(SeedChoice.next(known, 100, "node " + node).orElseThrow().shard());
        }
        assertThat(chosen).hasSizeGreaterThan(4).allMatch(shard -> shard > 0 && shard < 10);
        assertThat(SeedChoice.next(known, 5, "node")).isEmpty();
        var common = List.of(new Wanting(MODEL, 0, 10, SeedChoice.ENOUGH_COPIES, false));
        assertThat(SeedChoice.next(common, 100, "node")).isEmpty();
    }
}
