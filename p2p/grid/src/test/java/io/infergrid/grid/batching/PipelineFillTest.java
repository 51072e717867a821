package io.infergrid.grid.batching;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Test;

/** A pipeline of stages with their real queues, over virtual time: tokens go from stage to stage and from the last to the first. */
class PipelineFillTest {

    private static final long COMPUTE = 10;
    private static final long HOP = 2;
    private static final long END = 100_000;

    private record Event(long at, int stage, List<Integer> arrived) {}

    private static final class Traits implements StepQueue.Traits<Integer> {
        @Override
        public Object stage(Integer session) {
            return "stage";
        }

        @Override
        public Object peer(Integer session) {
            return session % 2;
        }

        @Override
        public Priority priority(Integer session) {
            return Priority.INTERACTIVE;
        }

        @Override
        public int positions(Integer session) {
            return 1;
        }
    }

    /** The share of the time that each stage computes; a batch takes as long as one token. */
    private static double[] busy(int stages, int sessions) {
        var queues = new ArrayList<StepQueue<Integer>>();
        for (int i = 0; i < stages; i++) {
            queues.add(new StepQueue<>(StepQueue.Limits.DEFAULT, new Traits()));
        }
        var events = new PriorityQueue<Event>(Comparator.comparingLong(Event::at));
        for (int session = 0; session < sessions; session++) {
            events.add(new Event(session * COMPUTE, 0, List.of(session)));
        }
        long[] freeAt = new long[stages];
        long[] worked = new long[stages];
        for (Event event; (event = events.poll()) != null && event.at() < END; ) {
            StepQueue<Integer> queue = queues.get(event.stage());
            event.arrived().forEach(queue::add);
            if (freeAt[event.stage()] > event.at() || queue.isEmpty()) {
                continue;
            }
            List<Integer> batch =
                    queue.next(256).stream().map(StepQueue.Share::step).toList();
            long done = event.at() + COMPUTE;
            freeAt[event.stage()] = done;
            worked[event.stage()] += COMPUTE;
            events.add(new Event(done, event.stage(), List.of()));
            events.add(new Event(done + HOP, (event.stage() + 1) % stages, batch));
        }
        double[] shares = new double[stages];
        for (int i = 0; i < stages; i++) {
            shares[i] = (double) worked[i] / END;
        }
        return shares;
    }

    private static double least(double[] shares) {
        return Arrays.stream(shares).min().orElseThrow();
    }

    @Test
    void with_as_many_sessions_as_stages_and_one_for_the_hops_no_stage_ever_waits() {
        for (int stages = 1; stages <= 5; stages++) {
            assertThat(least(busy(stages, stages + 1))).as("%s stages", stages).isGreaterThan(0.98);
        }
    }

    @Test
    void one_session_keeps_one_stage_of_three_busy_at_a_time() {
        assertThat(least(busy(3, 1))).isBetween(0.27, 0.29);
    }

    @Test
    void as_many_sessions_as_stages_leave_only_the_hops_idle() {
        assertThat(least(busy(3, 3))).isGreaterThan(0.8);
    }
}
