package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.benchmark.Benchmark;
import io.infergrid.compute.benchmark.BenchmarkListener;
import io.infergrid.compute.benchmark.BenchmarkPlan;
import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.TensorType;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class VulkanBenchmarkTest {

    @Test
    void a_benchmark_of_a_device_measures_memory_transfers_matrices_and_a_model() {
        try (var vulkan = VulkanFixture.open()) {
            var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q4_0), 1);
            var plan = new BenchmarkPlan("tiny", model, 9, 3, Duration.ofMillis(20), 1 << 20);
            var report = Benchmark.run(vulkan.backend(), plan, new Silent(), () -> false);
            assertThat(report.figures().keySet())
                    .containsExactly(
                            "memory.read.GBps",
                            "memory.copy.GBps",
                            "transfer.toDevice.GBps",
                            "transfer.fromDevice.GBps",
                            "matrix.q8_0.GMACps",
                            "matrix.f32.GMACps",
                            "order.q8_0.decode.ratio",
                            "order.q8_0.prefill.ratio",
                            "tiny.prefill.tokensPerSecond",
                            "tiny.decode.tokensPerSecond",
                            "tiny.prefill.batch8.tokensPerSecond",
                            "tiny.decode.batch8.tokensPerSecond",
                            "tiny.prefill.batch32.tokensPerSecond",
                            "tiny.decode.batch32.tokensPerSecond");
            assertThat(report.skipped()).containsKeys("tiny.decode.context512.tokensPerSecond");
            assertThat(report.signature()).hasSize(64);
            assertThat(report.figures().values()).allMatch(value -> value > 0);
            assertThat(report.conformance().passed()).isTrue();
            assertThat(report.device().name()).isEqualTo(vulkan.backend().device());
            assertThat(report.device().memoryBytes()).isPositive();
        }
    }

    private static final class Silent implements BenchmarkListener {
        @Override
        public void progress(String step, double fraction) {}

        @Override
        public void sample(String series, double seconds, double value) {}
    }
}
