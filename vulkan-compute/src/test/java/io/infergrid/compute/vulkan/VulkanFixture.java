package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;

/** The best Vulkan device of this machine under the validation layer; closing it checks that nothing was said or leaked. */
final class VulkanFixture implements AutoCloseable {

    private final VulkanInstance instance;
    private final VulkanBackend backend;

    private VulkanFixture(VulkanInstance instance) {
        this.instance = instance;
        this.backend = VulkanBackend.open(instance);
    }

    /** Skips the test where this machine has no usable device, naming what is missing. */
    static VulkanFixture open() {
        VulkanInstance instance;
        try {
            instance = VulkanInstance.open(VulkanInstance.Validation.IF_PRESENT);
        } catch (VulkanException e) {
            assumeTrue(false, "needs a Vulkan driver: " + e.getMessage());
            throw e;
        }
        boolean usable = instance.devices().stream().anyMatch(DeviceFacts::usable);
        if (!usable) {
            instance.close();
        }
        assumeTrue(usable, "needs a Vulkan device (Mesa's lavapipe will do)");
        return new VulkanFixture(instance);
    }

    VulkanBackend backend() {
        return backend;
    }

    VulkanDevice device() {
        return backend.vulkanDevice();
    }

    /** Those of some ways to cut kernels that this device can do. */
    List<Tuning> usable(List<Tuning> tunings) {
        boolean dots = backend.facts().integerDots() != DeviceFacts.IntegerDots.ABSENT;
        return tunings.stream().filter(tuning -> dots || !tuning.integerDots()).toList();
    }

    VulkanInstance instance() {
        return instance;
    }

    @Override
    public void close() {
        backend.close();
        assertThat(instance.validationMessages()).as("validation messages").isEmpty();
        assertThat(instance.live().counts()).as("live Vulkan objects").isEmpty();
    }
}
