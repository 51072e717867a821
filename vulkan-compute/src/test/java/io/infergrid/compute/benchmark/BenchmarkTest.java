package io.infergrid.compute.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.gguf.TensorType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class BenchmarkTest {

    private static final BenchmarkPlan PLAN = new BenchmarkPlan(
            "tiny", SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 1), 8, 4, Duration.ofMillis(10), 1 << 20);

    @Test
    void a_benchmark_of_the_processor_has_a_figure_for_every_step_and_samples_for_every_figure() {
        var watched = new Watched();
        try (var backend = new CpuBackend(2)) {
            var report = Benchmark.run(backend, PLAN, watched, () -> false);
            assertThat(report.backend()).isEqualTo("cpu");
            assertThat(report.figures().keySet())
                    .containsExactly(
                            "memory.read.GBps",
                            "memory.copy.GBps",
                            "matrix.q8_0.GMACps",
                            "matrix.f32.GMACps",
                            "tiny.prefill.tokensPerSecond",
                            "tiny.decode.tokensPerSecond",
                            "tiny.prefill.batch8.tokensPerSecond",
                            "tiny.decode.batch8.tokensPerSecond",
                            "tiny.prefill.batch32.tokensPerSecond",
                            "tiny.decode.batch32.tokensPerSecond");
            assertThat(report.skipped())
                    .containsEntry("tiny.decode.context4096.tokensPerSecond", "the model's context is 256 positions");
            assertThat(report.figures().values()).allMatch(value -> value > 0);
            assertThat(watched.series).containsAll(report.figures().keySet());
            assertThat(report.conformance().passed()).isTrue();
        }
        assertThat(watched.fractions).isSorted().first().isEqualTo(0.0);
        assertThat(watched.fractions).last().isEqualTo(1.0);
    }

    @Test
    void a_cancelled_benchmark_ends_with_a_cancellation() {
        var watched = new Watched();
        try (var backend = new CpuBackend(1)) {
            assertThatThrownBy(() -> Benchmark.run(backend, PLAN, watched, () -> !watched.series.isEmpty()))
                    .isInstanceOf(CancellationException.class);
        }
        assertThat(watched.series).hasSize(1);
    }

    private static final class Watched implements BenchmarkListener {

        private final List<Double> fractions = new ArrayList<>();
        private final List<String> series = new ArrayList<>();

        @Override
        public void progress(String step, double fraction) {
            fractions.add(fraction);
        }

        @Override
        public void sample(String name, double seconds, double value) {
            series.add(name);
        }
    }
}
