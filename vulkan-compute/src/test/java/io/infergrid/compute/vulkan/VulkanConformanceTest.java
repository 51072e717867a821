package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.Conformance;
import org.junit.jupiter.api.Test;

class VulkanConformanceTest {

    @Test
    void this_machines_device_computes_IG1() {
        try (var vulkan = VulkanFixture.open()) {
            var report = Conformance.run(vulkan.backend());
            assertThat(report.passed()).as(report.summary()).isTrue();
        }
    }

    @Test
    void kernels_cut_for_a_card_compute_IG1() {
        try (var vulkan = VulkanFixture.open()) {
            boolean dots = vulkan.backend().facts().integerDots() != DeviceFacts.IntegerDots.ABSENT;
            var tuning = new Tuning(1, 1 << 16, 32, false, 16, 1, dots);
            var report = Conformance.run(vulkan.backend().withTuning(tuning));
            assertThat(report.passed()).as(report.summary()).isTrue();
        }
    }
}
