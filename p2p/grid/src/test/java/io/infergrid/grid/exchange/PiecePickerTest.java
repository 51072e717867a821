package io.infergrid.grid.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The picker against a swarm that is drawn by chance: sources come, go, gain, lose, decline and deliver. */
class PiecePickerTest {

    /** What the picker should know, kept the simple way. */
    private static final class World {
        final Random random;
        final int pieces;
        final PiecePicker<String> picker;
        final Map<String, BitSet> have = new HashMap<>();
        final Map<String, Set<Integer>> asked = new HashMap<>();
        final BitSet stored = new BitSet();
        int sources;

        World(int pieces, long seed) {
            random = new Random(seed);
            this.pieces = pieces;
            picker = new PiecePicker<>(pieces, random);
            for (int piece = 0; piece < pieces; piece++) {
                picker.want(piece);
            }
        }

        BitSet have(String source) {
            return Objects.requireNonNull(have.get(source));
        }

        Set<Integer> asked(String source) {
            return Objects.requireNonNull(asked.get(source));
        }

        void join(boolean everything) {
            String source = "source " + sources++;
            var pieces = new BitSet();
            for (int piece = 0; piece < this.pieces; piece++) {
                pieces.set(piece, everything || random.nextInt(3) == 0);
            }
            have.put(source, pieces);
            asked.put(source, new HashSet<>());
            picker.sourceHas(source, pieces);
        }

        String any() {
            return List.copyOf(have.keySet()).get(random.nextInt(have.size()));
        }

        long askedFor(int piece) {
            return asked.values().stream().filter(set -> set.contains(piece)).count();
        }

        void pick(String source) {
            BitSet known = have(source);
            var open = new ArrayList<Integer>();
            boolean anyOpen = false;
            for (int piece = 0; piece < pieces; piece++) {
                if (!stored.get(piece) && askedFor(piece) == 0) {
                    anyOpen = true;
                    if (known.get(piece)) {
                        open.add(piece);
                    }
                }
            }
            int picked = picker.pick(source);
            if (!open.isEmpty()) {
                int fewest = open.stream().mapToInt(this::copies).min().orElseThrow();
                assertThat(open).contains(picked);
                assertThat(copies(picked)).isEqualTo(fewest);
            } else if (anyOpen) {
                assertThat(picked).isEqualTo(-1);
            }
            if (picked >= 0) {
                assertThat(stored.get(picked)).isFalse();
                assertThat(known.get(picked)).isTrue();
                assertThat(asked(source).add(picked)).isTrue();
                assertThat(askedFor(picked)).isLessThanOrEqualTo(PiecePicker.MOST_ASKED);
            }
        }

        int copies(int piece) {
            int copies = 0;
            for (BitSet pieces : have.values()) {
                copies += pieces.get(piece) ? 1 : 0;
            }
            assertThat(picker.copies(piece)).isEqualTo(copies);
            return copies;
        }

        void deliver(String source, int piece) {
            asked(source).remove(piece);
            var others = new HashSet<String>();
            asked.forEach((other, pieces) -> {
                if (pieces.remove(piece)) {
                    others.add(other);
                }
            });
            assertThat(picker.arrived(source, piece)).isEqualTo(others);
            assertThat(stored.get(piece)).isFalse();
            stored.set(piece);
        }

        void decline(String source, int piece) {
            asked(source).remove(piece);
            picker.returned(source, piece);
        }

        void leave(String source) {
            have.remove(source);
            asked.remove(source);
            picker.sourceLeft(source);
        }

        void step() {
            String source = any();
            var under = List.copyOf(asked(source));
            switch (random.nextInt(12)) {
                case 0 -> join(false);
                case 1 -> {
                    if (have.size() > 1) {
                        leave(source);
                    }
                }
                case 2 -> {
                    int piece = random.nextInt(pieces);
                    have(source).set(piece);
                    picker.sourceGained(source, piece);
                }
                case 3 -> {
                    int piece = random.nextInt(pieces);
                    have(source).clear(piece);
                    picker.sourceLost(source, piece);
                }
                case 4 -> {
                    if (!under.isEmpty()) {
                        decline(source, under.getFirst());
                    }
                }
                case 5 -> {
                    if (!stored.isEmpty()) {
                        int piece = stored.nextSetBit(0);
                        stored.clear(piece);
                        picker.lost(piece);
                    }
                }
                case 6, 7, 8 -> {
                    if (!under.isEmpty()) {
                        deliver(source, under.getFirst());
                    }
                }
                default -> pick(source);
            }
            assertThat(picker.missing()).isEqualTo(pieces - stored.cardinality());
        }
    }

    @Property(tries = 200)
    void every_piece_ends_stored_once_whatever_the_sources_do(
            @ForAll @IntRange(min = 1, max = 40) int pieces, @ForAll long seed) {
        var world = new World(pieces, seed);
        world.join(false);
        for (int i = 0; i < 300; i++) {
            world.step();
        }
        // a source with everything turns up; those who do not answer are dropped sooner or later
        world.join(true);
        for (String source : List.copyOf(world.have.keySet())) {
            if (!world.asked(source).isEmpty()) {
                world.leave(source);
            }
        }
        String seeder = "source " + (world.sources - 1);
        for (int i = 0; i < 10 * pieces && world.picker.missing() > 0; i++) {
            world.pick(seeder);
            for (int piece : List.copyOf(world.asked(seeder))) {
                world.deliver(seeder, piece);
            }
        }
        assertThat(world.picker.missing()).isZero();
        assertThat(world.stored.cardinality()).isEqualTo(pieces);
        for (String source : world.have.keySet()) {
            assertThat(world.picker.pick(source)).isEqualTo(-1);
            assertThat(world.picker.interesting(source)).isFalse();
        }
    }

    @Test
    void equals_are_taken_in_an_order_left_to_chance() {
        var all = new BitSet();
        all.set(0, 64);
        var orders = new HashSet<List<Integer>>();
        for (int seed = 0; seed < 4; seed++) {
            var picker = new PiecePicker<String>(64, new Random(seed));
            for (int piece = 0; piece < 64; piece++) {
                picker.want(piece);
            }
            picker.sourceHas("seeder", all);
            var order = new ArrayList<Integer>();
            for (int piece; (piece = picker.pick("seeder")) >= 0; ) {
                order.add(piece);
            }
            assertThat(order).hasSize(64).doesNotHaveDuplicates();
            orders.add(order);
        }
        assertThat(orders).hasSize(4);
    }

    @Test
    void what_is_under_way_is_asked_for_again_only_when_nothing_else_is_left() {
        var all = new BitSet();
        all.set(0, 2);
        var picker = new PiecePicker<String>(2, new Random(1));
        picker.want(0);
        picker.want(1);
        picker.sourceHas("slow", all);
        picker.sourceHas("fast", all);
        int slow = picker.pick("slow");
        int fast = picker.pick("fast");
        assertThat(fast).isNotEqualTo(slow);
        assertThat(picker.pick("fast")).isEqualTo(slow);
        assertThat(picker.arrived("fast", fast)).isEmpty();
        assertThat(picker.arrived("fast", slow)).containsExactly("slow");
        assertThat(picker.missing()).isZero();
    }
}
