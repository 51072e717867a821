package io.infergrid.compute.conformance;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Opens the backend that a user prefers. A device is only taken after it has passed the conformance table, so that a driver
 * that computes otherwise is never used in silence. Opening a device takes some seconds: kernels are compiled.
 */
public final class Backends {

    private Backends() {}

    /**
     * @throws VulkanException if Vulkan was asked for and there is no device that can be used and computes IG1
     */
    public static BackendChoice open(BackendPreference preference) {
        return open(preference, VulkanBackend::open, CpuBackend::new);
    }

    static BackendChoice open(
            BackendPreference preference, Supplier<? extends Backend> vulkan, Supplier<? extends Backend> cpu) {
        if (preference == BackendPreference.CPU) {
            return new BackendChoice(cpu.get(), "The processor computes, as the settings say.", Optional.empty());
        }
        try {
            return checked(vulkan.get());
        } catch (VulkanException e) {
            if (preference == BackendPreference.VULKAN) {
                throw e;
            }
            return new BackendChoice(
                    cpu.get(),
                    "The processor computes, because no Vulkan device can: " + e.getMessage() + ".",
                    Optional.empty());
        }
    }

    private static BackendChoice checked(Backend device) {
        ConformanceReport report;
        try {
            report = Conformance.run(device);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
        if (!report.passed()) {
            device.close();
            throw new VulkanException(report.summary());
        }
        return new BackendChoice(
                device,
                device.device() + " computes through Vulkan; it passed all "
                        + report.results().size() + " conformance operations.",
                Optional.of(report));
    }
}
