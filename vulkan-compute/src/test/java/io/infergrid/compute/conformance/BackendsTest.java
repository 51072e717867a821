package io.infergrid.compute.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.vulkan.VulkanException;
import org.junit.jupiter.api.Test;

class BackendsTest {

    @Test
    void the_processor_is_taken_when_asked_for() {
        try (var backend = Backends.open(BackendPreference.CPU).backend()) {
            assertThat(backend.name()).isEqualTo("cpu");
        }
    }

    @Test
    void a_machine_without_vulkan_falls_back_to_the_processor_and_says_why() {
        var choice = Backends.open(BackendPreference.AUTO, BackendsTest::noLoader, () -> new CpuBackend(1));
        try (var backend = choice.backend()) {
            assertThat(backend.name()).isEqualTo("cpu");
            assertThat(choice.reason())
                    .isEqualTo(
                            "The processor computes, because no Vulkan device can: this machine has no Vulkan loader.");
        }
    }

    @Test
    void a_device_that_fails_conformance_is_closed_and_not_used() {
        var device = new Lying();
        var choice = Backends.open(BackendPreference.AUTO, () -> device, () -> new CpuBackend(1));
        try (var backend = choice.backend()) {
            assertThat(backend.name()).isEqualTo("cpu");
            assertThat(choice.reason()).contains("a lying card differs from the IG1 table");
            assertThat(device.closed).isTrue();
        }
    }

    @Test
    void a_device_that_was_asked_for_and_cannot_be_had_is_an_error() {
        assertThatThrownBy(
                        () -> Backends.open(BackendPreference.VULKAN, BackendsTest::noLoader, () -> new CpuBackend(1)))
                .isInstanceOf(VulkanException.class)
                .hasMessage("this machine has no Vulkan loader");
    }

    @Test
    void a_device_that_conforms_is_taken() {
        var choice = Backends.open(
                BackendPreference.AUTO, () -> new ReferenceBackend(ModelConfig::of), () -> new CpuBackend(1));
        assertThat(choice.backend().name()).isEqualTo("reference");
        assertThat(choice.conformance())
                .hasValueSatisfying(report -> assertThat(report.passed()).isTrue());
    }

    @Test
    void the_processor_computes_IG1() {
        try (var backend = new CpuBackend()) {
            var report = Conformance.run(backend);
            assertThat(report.passed()).as(report.summary()).isTrue();
        }
    }

    private static Backend noLoader() {
        throw new VulkanException("this machine has no Vulkan loader");
    }

    private static final class Lying implements Backend {

        private boolean closed;

        @Override
        public String name() {
            return "vulkan";
        }

        @Override
        public String device() {
            return "a lying card";
        }

        @Override
        public Stage load(TensorSource model, StageSpec spec) {
            throw new IllegalStateException("wrong results");
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
