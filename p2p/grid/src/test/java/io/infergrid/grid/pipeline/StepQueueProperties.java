package io.infergrid.grid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class StepQueueProperties {

    private static final StepQueue.Limits LIMITS = new StepQueue.Limits(4, 100);

    /** @param number order of arrival */
    private record Step(int number, String stage, int positions) {}

    private static StepQueue<Step> queue(List<Step> steps) {
        var queue = new StepQueue<Step>(LIMITS, step -> step.stage().intern(), Step::positions);
        steps.forEach(queue::add);
        return queue;
    }

    @Provide
    static Arbitrary<List<Step>> steps() {
        return Combinators.combine(Arbitraries.of("a", "b"), Arbitraries.of(1, 1, 1, 64, 64, 300))
                .as((stage, positions) -> new Step(0, stage, positions))
                .list()
                .ofMaxSize(40)
                .map(list -> {
                    var numbered = new ArrayList<Step>();
                    list.forEach(step -> numbered.add(new Step(numbered.size(), step.stage(), step.positions())));
                    return numbered;
                });
    }

    @Property(tries = 300)
    void every_step_is_in_one_batch_of_its_stage_within_the_limits_and_the_oldest_never_waits(
            @ForAll("steps") List<Step> steps) {
        var queue = queue(steps);
        var left = new ArrayList<>(steps);
        while (!queue.isEmpty()) {
            List<Step> batch = queue.next();
            assertThat(batch).hasSizeBetween(1, LIMITS.sessions()).startsWith(left.getFirst());
            assertThat(batch)
                    .extracting(Step::stage)
                    .containsOnly(left.getFirst().stage());
            if (batch.size() > 1) {
                assertThat(batch.stream().mapToInt(Step::positions).sum()).isLessThanOrEqualTo(LIMITS.positions());
            }
            assertThat(left).containsAll(batch);
            left.removeAll(batch);
        }
        assertThat(left).isEmpty();
        assertThat(queue.next()).isEmpty();
    }

    @Example
    void tokens_go_before_the_chunks_of_prompts_that_came_earlier() {
        var queue = queue(List.of(
                new Step(0, "a", 40),
                new Step(1, "a", 40),
                new Step(2, "a", 40),
                new Step(3, "a", 1),
                new Step(4, "b", 1)));

        assertThat(queue.next()).extracting(Step::number).containsExactly(0, 3, 1);
        assertThat(queue.next()).extracting(Step::number).containsExactly(2);
        assertThat(queue.next()).extracting(Step::number).containsExactly(4);
    }
}
