package io.infergrid.grid.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.batching.StepQueue.Share;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class StepQueueProperties {

    private static final StepQueue.Limits LIMITS = new StepQueue.Limits(4, 100);

    private static final class Step {
        private final int number;
        private final String stage;
        private final String peer;
        private final Priority priority;
        private final int positions;
        private int left;

        Step(int number, String stage, String peer, Priority priority, int positions) {
            this.number = number;
            this.stage = stage;
            this.peer = peer;
            this.priority = priority;
            this.positions = positions;
            left = positions;
        }

        @Override
        public String toString() {
            return number + ": " + left + " of " + positions + " on " + stage + " for " + peer + " " + priority;
        }
    }

    private static final class Traits implements StepQueue.Traits<Step> {
        @Override
        public Object stage(Step step) {
            return step.stage.intern();
        }

        @Override
        public Object peer(Step step) {
            return step.peer;
        }

        @Override
        public Priority priority(Step step) {
            return step.priority;
        }

        @Override
        public int positions(Step step) {
            return step.left;
        }
    }

    private static StepQueue<Step> queue(StepQueue.Limits limits, List<Step> steps) {
        var queue = new StepQueue<Step>(limits, new Traits());
        steps.forEach(queue::add);
        return queue;
    }

    private static List<Share<Step>> compute(StepQueue<Step> queue, int budget) {
        List<Share<Step>> batch = queue.next(budget);
        batch.forEach(share -> share.step().left -= share.positions());
        return batch;
    }

    @Provide
    static Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.of("a", "b"),
                        Arbitraries.of("p", "q", "r"),
                        Arbitraries.of(Priority.values()),
                        Arbitraries.of(1, 1, 1, 7, 64, 300))
                .as((stage, peer, priority, positions) -> new Step(0, stage, peer, priority, positions))
                .list()
                .ofMaxSize(40)
                .map(list -> {
                    var numbered = new ArrayList<Step>();
                    list.forEach(step -> numbered.add(
                            new Step(numbered.size(), step.stage, step.peer, step.priority, step.positions)));
                    return numbered;
                });
    }

    @Property(tries = 300)
    void every_position_is_computed_once_in_a_batch_of_its_stage_within_the_limits(
            @ForAll("steps") List<Step> steps, @ForAll @IntRange(min = 1, max = 120) int budget) {
        var queue = queue(LIMITS, steps);
        int positions = steps.stream().mapToInt(step -> step.positions).sum();
        int computed = 0;
        while (!queue.isEmpty()) {
            List<Share<Step>> batch = compute(queue, budget);
            assertThat(batch).hasSizeBetween(1, LIMITS.sessions());
            assertThat(batch).extracting(Share::step).doesNotHaveDuplicates();
            assertThat(batch).allMatch(share -> share.positions() > 0 && share.step().left >= 0);
            assertThat(batch)
                    .extracting(share -> share.step().stage)
                    .containsOnly(batch.getFirst().step().stage);
            int now = batch.stream().mapToInt(Share::positions).sum();
            assertThat(now).isLessThanOrEqualTo(Math.min(budget, LIMITS.positions()));
            computed += now;
        }
        assertThat(computed).isEqualTo(positions);
        assertThat(steps).allMatch(step -> step.left == 0);
        assertThat(queue.next(budget)).isEmpty();
    }

    @Property(tries = 100)
    void two_peers_get_the_same_positions_however_many_sessions_one_has(
            @ForAll @IntRange(min = 1, max = 30) int greedy,
            @ForAll @IntRange(min = 1, max = 100) int budget,
            @ForAll @IntRange(min = 1, max = 400) int length) {
        var queue = queue(new StepQueue.Limits(64, 100), List.of());
        var served = new HashMap<String, Integer>();
        // both always have work: a step that is done is followed by the session's next one
        for (int i = 0; i < greedy; i++) {
            queue.add(new Step(i, "a", "greedy", Priority.INTERACTIVE, length + 1));
        }
        queue.add(new Step(greedy, "a", "modest", Priority.INTERACTIVE, length + 1));
        for (int batch = 0; batch < 200; batch++) {
            for (Share<Step> share : compute(queue, budget)) {
                Step step = share.step();
                served.merge(step.peer, share.positions(), Integer::sum);
                if (step.left == 0) {
                    queue.add(new Step(step.number, "a", step.peer, step.priority, length + 1));
                }
            }
        }
        int all = served.values().stream().mapToInt(Integer::intValue).sum();
        int modest = served.getOrDefault("modest", 0);
        // its one session has one step in a batch at most, the next one only afterwards, and leading costs the more the
        // shorter it is
        int possible = Math.min(all / 2, 200 * (length + 1));
        assertThat(modest).isBetween(possible * 7 / 10 - 2 * StepQueue.QUANTUM, all * 11 / 20 + 2 * StepQueue.QUANTUM);
    }

    @Property(tries = 100)
    void the_least_urgent_step_is_computed_in_the_end_whatever_else_comes(
            @ForAll Priority priority, @ForAll @IntRange(min = 1, max = 64) int others, @ForAll boolean sameStage) {
        var queue = queue(LIMITS, List.of(new Step(-1, sameStage ? "a" : "b", "late", priority, 1)));
        int number = 0;
        for (int batch = 0; batch < 2 * others + 2 * Priority.AUDIT.patience() + 2; batch++) {
            while (queue.size() < others + 1) {
                queue.add(new Step(number, "a", "p" + number % 5, Priority.INTERACTIVE, 1 + number++ % 90));
            }
            if (compute(queue, 100).stream().anyMatch(share -> share.step().number == -1)) {
                return;
            }
        }
        throw new AssertionError(
                "expected the " + priority + " step to be computed, found that it waits: " + queue.size());
    }

    @Example
    void tokens_go_first_and_then_chunks_by_priority() {
        var queue = queue(
                LIMITS,
                List.of(
                        new Step(0, "a", "p", Priority.AUDIT, 40),
                        new Step(1, "a", "p", Priority.STANDBY, 1),
                        new Step(2, "a", "p", Priority.BATCH, 40),
                        new Step(3, "a", "p", Priority.INTERACTIVE, 40),
                        new Step(4, "a", "q", Priority.BATCH, 1),
                        new Step(5, "b", "q", Priority.BATCH, 1)));

        assertThat(compute(queue, 60)).extracting(share -> share.step().number).containsExactly(3, 4, 2);
        Map<Integer, Boolean> done = new HashMap<>();
        while (!queue.isEmpty()) {
            compute(queue, 60).forEach(share -> done.put(share.step().number, share.step().left == 0));
        }
        assertThat(done).containsEntry(0, true).containsEntry(1, true);
    }
}
