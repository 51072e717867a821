package io.infergrid.grid.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.BlockRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PlacementTest {

    @Property
    void a_cut_covers_each_block_once_in_ranges_of_nearly_one_length(
            @ForAll @IntRange(min = 1, max = 200) int blocks, @ForAll @IntRange(min = 1, max = 200) int wanted) {
        int stages = Math.min(blocks, wanted);
        List<BlockRange> ranges = Placement.cut(blocks, stages);
        assertThat(ranges).hasSize(stages);
        int at = 0;
        for (BlockRange range : ranges) {
            assertThat(range.first()).isEqualTo(at);
            assertThat(range.blocks()).isBetween(blocks / stages, blocks / stages + 1);
            at = range.end();
        }
        assertThat(at).isEqualTo(blocks);
    }

    @Property(tries = 200)
    void workers_that_come_one_after_another_cover_all_stages_before_any_is_doubled(
            @ForAll @IntRange(min = 1, max = 40) int blocks, @ForAll @IntRange(min = 1, max = 8) int wanted) {
        int stages = Math.min(blocks, wanted);
        var served = new ArrayList<BlockRange>();
        for (int round = 1; round <= 3; round++) {
            for (int i = 0; i < stages; i++) {
                served.add(Placement.choose(blocks, stages, served, "worker " + served.size()));
            }
            for (BlockRange range : Placement.cut(blocks, stages)) {
                assertThat(Placement.depth(range, served)).isEqualTo(round);
            }
        }
    }

    @Example
    void the_weakest_covered_range_comes_first() {
        var served = List.of(new BlockRange(0, 2), new BlockRange(4, 6), new BlockRange(0, 3));
        assertThat(Placement.choose(6, 3, served, "w")).isEqualTo(new BlockRange(2, 4));
    }

    @Example
    void workers_that_look_at_the_same_moment_do_not_all_pick_the_same() {
        var picks = new HashSet<BlockRange>();
        for (int i = 0; i < 30; i++) {
            BlockRange pick = Placement.choose(12, 3, List.of(), "worker " + i);
            assertThat(Placement.choose(12, 3, List.of(), "worker " + i)).isEqualTo(pick);
            picks.add(pick);
        }
        assertThat(picks).hasSize(3);
    }

    @Example
    void more_stages_than_blocks_are_refused() {
        assertThatThrownBy(() -> Placement.cut(2, 3)).hasMessage("expected 1 to 2 stages, found 3");
    }
}
