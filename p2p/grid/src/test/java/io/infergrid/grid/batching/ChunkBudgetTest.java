package io.infergrid.grid.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ChunkBudgetTest {

    private static final long TARGET = TimeUnit.MILLISECONDS.toNanos(100);

    @Example
    void nobody_watches_so_batches_are_as_long_as_they_may_be() {
        var budget = new ChunkBudget(256, TARGET);
        assertThat(budget.positions()).isEqualTo(256);
        for (int i = 0; i < 20; i++) {
            budget.measured(256, 10 * TARGET, false);
        }
        assertThat(budget.positions()).isEqualTo(256);
    }

    @Property(tries = 200)
    void beside_tokens_a_batch_of_the_budget_takes_the_target_on_any_device(
            @ForAll @IntRange(min = 1, max = 60_000) int fixedMicros,
            @ForAll @IntRange(min = 1, max = 20_000) int eachMicros) {
        var budget = new ChunkBudget(256, TARGET);
        for (int i = 0; i < 100; i++) {
            int positions = i % 3 == 0 ? 1 : budget.positions();
            budget.measured(positions, 1000L * (fixedMicros + (long) eachMicros * positions), positions == 1);
        }
        int positions = budget.positions();
        double nanos = 1000.0 * (fixedMicros + (double) eachMicros * positions);
        double allowed = Math.max(TARGET, 2000.0 * (fixedMicros + eachMicros));

        assertThat(positions).isBetween(ChunkBudget.LEAST, 256);
        assertThat(nanos <= allowed * 1.05 || positions == ChunkBudget.LEAST).isTrue();
        assertThat(nanos >= allowed * 0.8 || positions == 256 || eachMicros * 1000.0 > allowed / 10)
                .isTrue();
        assertThat(budget.expectedNanos(positions)).isCloseTo(nanos, within(nanos * 0.1 + 1000));
    }

    @Example
    void it_follows_a_device_that_becomes_slower() {
        var budget = new ChunkBudget(256, TARGET);
        for (int i = 0; i < 50; i++) {
            budget.measured(i % 2 == 0 ? 1 : 128, 1_000_000L + (i % 2 == 0 ? 1 : 128) * 500_000L, true);
        }
        int fast = budget.positions();
        for (int i = 0; i < 100; i++) {
            int positions = i % 2 == 0 ? 1 : budget.positions();
            budget.measured(positions, 4_000_000L + positions * 2_000_000L, true);
        }
        assertThat(budget.positions()).isLessThan(fast / 3).isBetween(40, 55);
    }

    @Example
    void when_the_last_token_is_long_past_chunks_grow_again() {
        var budget = new ChunkBudget(256, TARGET);
        for (int i = 0; i < 20; i++) {
            budget.measured(i % 2 == 0 ? 1 : 20, (i % 2 == 0 ? 1 : 20) * 10_000_000L, i % 2 == 0);
        }
        assertThat(budget.positions()).isLessThan(30);
        for (int i = 0; i < 8; i++) {
            budget.measured(20, 200_000_000L, false);
        }
        assertThat(budget.positions()).isEqualTo(256);
    }
}
