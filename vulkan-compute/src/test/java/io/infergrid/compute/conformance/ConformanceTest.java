package io.infergrid.compute.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConformanceTest {

    private static final Backend REFERENCE = new ReferenceBackend(ModelConfig::of);

    @Test
    void the_reference_has_the_digests_that_ship() {
        var report = Conformance.run(REFERENCE);
        assertThat(report.results())
                .as("the table as the reference computes it:%n%s", lines(report))
                .allMatch(ConformanceReport.Result::passed);
        assertThat(report.passed()).isTrue();
        assertThat(report.summary())
                .contains("the same bytes in all " + report.results().size());
    }

    @Test
    void a_device_that_rounds_otherwise_is_told_in_which_operations() {
        var report = Conformance.run(new OtherEpsilon());
        assertThat(report.passed()).isFalse();
        assertThat(report.results())
                .filteredOn(result -> result.operation().startsWith("embedding"))
                .allMatch(ConformanceReport.Result::passed);
        assertThat(report.summary()).contains("differs").contains("norm-matrix.q8_0");
    }

    @Test
    void a_device_that_fails_is_a_result_with_its_reason() {
        var report = Conformance.run(new Failing());
        assertThat(report.passed()).isFalse();
        assertThat(report.results()).allMatch(result -> "the device is lost".equals(result.failure()));
    }

    @Test
    void a_cancelled_run_does_not_pass() {
        assertThat(Conformance.run(REFERENCE, () -> true, (operation, fraction) -> {})
                        .passed())
                .isFalse();
    }

    private static String lines(ConformanceReport report) {
        return report.results().stream()
                .map(result -> result.operation() + "=" + result.found())
                .collect(Collectors.joining("\n"));
    }

    /** The reference with one bit of arithmetic changed. */
    private static final class OtherEpsilon extends Wrapped {
        @Override
        public Stage load(TensorSource model, StageSpec spec) {
            return new ReferenceBackend(metadata -> {
                        var c = ModelConfig.of(metadata);
                        return new ModelConfig(
                                c.architecture(),
                                c.dimension(),
                                c.blocks(),
                                c.heads(),
                                c.kvHeads(),
                                c.headDimension(),
                                c.feedForward(),
                                c.vocabulary(),
                                c.contextLength(),
                                c.ropeBase(),
                                c.ropeDimensions(),
                                c.neoxRope(),
                                c.ropeScaling(),
                                4f * c.normEpsilon(),
                                c.headNorms(),
                                c.slidingWindow());
                    })
                    .load(model, spec);
        }
    }

    private static final class Failing extends Wrapped {
        @Override
        public Stage load(TensorSource model, StageSpec spec) {
            throw new IllegalStateException("the device is lost");
        }
    }

    private abstract static class Wrapped implements Backend {
        @Override
        public String name() {
            return "wrapped";
        }

        @Override
        public String device() {
            return "wrapped reference";
        }

        @Override
        public void close() {}
    }
}
