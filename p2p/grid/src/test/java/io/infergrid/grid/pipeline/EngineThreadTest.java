package io.infergrid.grid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.batching.Priority;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EngineThreadTest {

    /** Answers each session with its own name, keeps what it was asked, and refuses as told. */
    private static final class Recorder implements Stage {

        private final List<List<String>> batches = new ArrayList<>();
        private String tooBig = "";
        private boolean broken;

        @Override
        public List<StageOutput> forward(List<Work> batch) {
            batches.add(batch.stream().map(work -> work.session().toString()).toList());
            if (broken) {
                throw new IllegalStateException("the device burns");
            }
            if (batch.stream().anyMatch(work -> work.session().toString().equals(tooBig))) {
                throw new CacheFullException(1, 1, 1);
            }
            return batch.stream()
                    .map(work -> (StageOutput) new Boundary(
                            1, 1, new byte[] {(byte) work.session().toString().charAt(0), 0}))
                    .toList();
        }

        @Override
        public ModelConfig config() {
            throw new UnsupportedOperationException();
        }

        @Override
        public StageSpec spec() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long weightBytes() {
            return 0;
        }

        @Override
        public StageSession open(int maxPositions) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private record Named(String name) implements StageSession {
        @Override
        public int position() {
            return 0;
        }

        @Override
        public void rewind(int position) {}

        @Override
        public StageOutput forward(StageInput input, LogitsWanted wanted) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}

        @Override
        public String toString() {
            return name;
        }
    }

    private static final EngineThread.Caller CALLER = new EngineThread.Caller("gateway", Priority.INTERACTIVE);

    private final GridMetrics metrics = new GridMetrics();
    private final Recorder stage = new Recorder();

    /** Asks for one step of each session while the engine is busy, then lets it go on. */
    private List<Future<EngineThread.Computed>> together(EngineThread engine, List<String> names, AtomicBoolean over)
            throws Exception {
        var free = new CountDownLatch(1);
        var busy = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> _ = threads.submit(() -> engine.run(() -> {
                busy.countDown();
                free.await();
                return true;
            }));
            busy.await();
            var results = new ArrayList<Future<EngineThread.Computed>>();
            for (String name : names) {
                var work = new Stage.Work(
                        new Named(name), new StageInput.Tokens(new int[1]), StageSession.LogitsWanted.LAST);
                var thread = new CountDownLatch(1);
                results.add(threads.submit(() -> {
                    thread.countDown();
                    return engine.step(stage, work, CALLER, over::get);
                }));
                thread.await();
                while (engine.waiting() < results.size()) {
                    Thread.onSpinWait();
                }
            }
            free.countDown();
            return results;
        }
    }

    @Test
    void steps_that_wait_at_the_same_time_are_computed_together_and_each_gets_its_own_output() throws Exception {
        try (var engine = new EngineThread(metrics)) {
            var results = together(engine, List.of("a", "b", "c"), new AtomicBoolean());

            assertThat(stage.batches).containsExactly(List.of("a", "b", "c"));
            for (int i = 0; i < 3; i++) {
                var boundary = (Boundary) results.get(i).get().output();
                assertThat(boundary.wire()[0]).isEqualTo((byte) ('a' + i));
            }
            assertThat(metrics.value("stage.batches")).isEqualTo(1);
            assertThat(metrics.value("stage.batches.sessions")).isEqualTo(3);
        }
    }

    @Test
    void one_that_does_not_fit_fails_alone() throws Exception {
        stage.tooBig = "b";
        try (var engine = new EngineThread(metrics)) {
            var results = together(engine, List.of("a", "b", "c"), new AtomicBoolean());

            assertThat(stage.batches).containsExactly(List.of("a", "b", "c"), List.of("a"), List.of("b"), List.of("c"));
            assertThatThrownBy(results.get(1)::get).hasCauseInstanceOf(CacheFullException.class);
            assertThat(results.get(0).get().output()).isInstanceOf(Boundary.class);
            assertThat(results.get(2).get().output()).isInstanceOf(Boundary.class);
        }
    }

    @Test
    void a_broken_engine_fails_everybody_and_goes_on_with_the_next() throws Exception {
        stage.broken = true;
        try (var engine = new EngineThread(metrics)) {
            for (var result : together(engine, List.of("a", "b"), new AtomicBoolean())) {
                assertThatThrownBy(result::get).hasRootCauseMessage("the device burns");
            }
            stage.broken = false;
            assertThat(together(engine, List.of("c"), new AtomicBoolean())
                            .getFirst()
                            .get()
                            .output())
                    .isInstanceOf(Boundary.class);
        }
    }

    @Test
    void steps_of_a_session_that_is_over_are_not_computed() throws Exception {
        try (var engine = new EngineThread(metrics)) {
            for (var result : together(engine, List.of("a", "b"), new AtomicBoolean(true))) {
                assertThatThrownBy(result::get).hasMessageContaining("expected a running engine");
            }
            assertThat(stage.batches).isEmpty();
        }
    }

    @Test
    void a_closed_engine_refuses_steps_and_still_runs_what_cleans_up() throws Exception {
        var engine = new EngineThread(metrics);
        engine.close();
        var work = new Stage.Work(new Named("a"), new StageInput.Tokens(new int[1]), StageSession.LogitsWanted.LAST);
        var cleaned = new AtomicBoolean();
        engine.later(() -> cleaned.set(true));

        assertThatThrownBy(() -> engine.step(stage, work, CALLER, () -> false)).hasMessageContaining("found it closed");
        assertThat(cleaned).isTrue();
    }
}
