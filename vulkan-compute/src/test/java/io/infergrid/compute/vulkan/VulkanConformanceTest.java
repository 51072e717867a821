package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.Conformance;
import java.util.List;
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
            var tuning = new Tuning(1, 1 << 16, 32, false, 16, 1, dots, MatrixTiles.NONE);
            var report = Conformance.run(vulkan.backend().withTuning(tuning));
            assertThat(report.passed()).as(report.summary()).isTrue();
        }
    }

    @Test
    void matrix_units_that_give_other_bits_are_not_used() {
        try (var vulkan = VulkanFixture.open()) {
            var device = vulkan.device();
            var backend =
                    vulkan.backend().withTuning(Tuning.of(DeviceKind.DISCRETE).withTiles(MatrixTiles.COOPERATIVE_32));
            assertThat(backend.tried(_ -> true)).isSameAs(backend);
            assertThat(vulkan.device()).isSameAs(device);
            assertThat(backend.tried(_ -> false).tuning().tiles()).isEqualTo(MatrixTiles.NONE);
            assertThat(vulkan.device())
                    .as("a device that the units may have ended")
                    .isNotSameAs(device);
        }
    }

    @Test
    void products_of_signed_bytes_in_16_by_16_with_exact_sums_are_used() {
        var fits = new CooperativeMatrices.Product(16, 16, 32, true, true, true);
        var shallow = new CooperativeMatrices.Product(16, 16, 16, true, true, true);
        assertThat(CooperativeMatrices.best(List.of(shallow, fits))).isEqualTo(MatrixTiles.COOPERATIVE_32);
        assertThat(CooperativeMatrices.best(List.of(shallow))).isEqualTo(MatrixTiles.COOPERATIVE_16);
        assertThat(CooperativeMatrices.best(List.of(
                        new CooperativeMatrices.Product(16, 8, 32, true, true, true),
                        new CooperativeMatrices.Product(16, 16, 64, true, true, true),
                        new CooperativeMatrices.Product(16, 16, 32, false, true, true),
                        new CooperativeMatrices.Product(16, 16, 32, true, false, true),
                        new CooperativeMatrices.Product(16, 16, 32, true, true, false))))
                .isEqualTo(MatrixTiles.NONE);
    }
}
