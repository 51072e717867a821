package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.conformance.SeededRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BlockOrderTest {

    @Property(tries = 300)
    void every_block_has_a_slot_of_its_own(@ForAll @IntRange(min = 1, max = 900) int blocks) {
        var order = BlockOrder.of(32L * blocks);
        assertThat(IntStream.range(0, blocks).map(order::slotOf).distinct().count())
                .isEqualTo(blocks);
        assertThat(IntStream.range(0, blocks).map(order::slotOf).max().orElseThrow())
                .isLessThan(order.slots());
    }

    @Property(tries = 300)
    void adding_neighbours_in_slot_order_is_sum32(@ForAll @IntRange(min = 1, max = 300) int blocks, @ForAll long seed) {
        var random = new SeededRandom(seed);
        var terms = new float[blocks];
        var order = BlockOrder.of(32L * blocks);
        var slots = new float[order.slots()];
        for (int i = 0; i < blocks; i++) {
            terms[i] = random.nextFloat();
            slots[order.slotOf(i)] = terms[i];
        }
        assertThat(tree(slots, 0, order.lanes(), order.runs())).isEqualTo(Ig1.sum32(terms, 0, blocks));
    }

    private static float tree(float[] slots, int first, int lanes, int runs) {
        if (lanes == 1) {
            float sum = 0f;
            for (int run = 0; run < runs; run++) {
                sum += slots[first * runs + run];
            }
            return sum;
        }
        return tree(slots, first, lanes / 2, runs) + tree(slots, first + lanes / 2, lanes / 2, runs);
    }
}
