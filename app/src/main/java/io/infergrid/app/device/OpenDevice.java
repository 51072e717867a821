package io.infergrid.app.device;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.conformance.ConformanceReport;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device that computes: chosen, opened, and shown to compute the bits of IG1. A device that fails is never used: with {@link
 * BackendChoice#AUTO} the CPU takes its place and the view says why, asked for by name it is refused.
 */
public final class OpenDevice implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(OpenDevice.class);

    private final BackendChoice choice;
    private final Backend backend;
    private final DeviceView view;
    private final String conformanceDigest;

    private OpenDevice(BackendChoice choice, Backend backend, DeviceView view, String conformanceDigest) {
        this.choice = choice;
        this.backend = backend;
        this.view = view;
        this.conformanceDigest = conformanceDigest;
    }

    /** Hears what is being checked, with the fraction that is done. */
    public interface Progress {

        Progress SILENT = (_, _) -> {};

        void check(String what, double fraction);
    }

    /**
     * Opens a device and runs the conformance table on it.
     *
     * @param threads of the CPU backend, 0 for one a processor
     * @throws DeviceException if the device that was asked for cannot be used; the message says why
     */
    public static OpenDevice open(BackendChoice choice, int threads, Progress progress, BooleanSupplier cancelled) {
        return switch (choice) {
            case CPU -> checkedCpu(choice, threads, "", progress, cancelled);
            case VULKAN -> {
                VulkanBackend vulkan = vulkan();
                ConformanceReport report = check(vulkan, progress, cancelled);
                if (!report.passed()) {
                    vulkan.close();
                    throw new DeviceException(report.summary());
                }
                yield passed(choice, vulkan, memory(vulkan), "", report);
            }
            case AUTO -> vulkanOrCpu(threads, progress, cancelled);
        };
    }

    /**
     * Opens a device that was found to be conformant before, e.g. by the process that starts this one.
     *
     * @param conformanceDigest of that finding
     */
    public static OpenDevice known(BackendChoice choice, int threads, String conformanceDigest) {
        if (choice == BackendChoice.VULKAN) {
            VulkanBackend vulkan = vulkan();
            return new OpenDevice(
                    choice,
                    vulkan,
                    new DeviceView(vulkan.device(), vulkan.name(), memory(vulkan), true, ""),
                    conformanceDigest);
        }
        CpuBackend cpu = cpu(threads);
        return new OpenDevice(choice, cpu, new DeviceView(cpu.device(), cpu.name(), -1, true, ""), conformanceDigest);
    }

    /**
     * Opens a device to be measured: what {@link BackendChoice#AUTO} would take, but a device that is asked for by name is not
     * checked, since the measurement says whether it is conformant.
     */
    public static OpenDevice unchecked(BackendChoice choice, int threads, BooleanSupplier cancelled) {
        return choice == BackendChoice.AUTO
                ? open(choice, threads, Progress.SILENT, cancelled)
                : known(choice, threads, "");
    }

    private static OpenDevice vulkanOrCpu(int threads, Progress progress, BooleanSupplier cancelled) {
        VulkanBackend vulkan;
        try {
            vulkan = vulkan();
        } catch (DeviceException e) {
            return checkedCpu(
                    BackendChoice.AUTO,
                    threads,
                    "The CPU computes, because " + e.getMessage() + ".",
                    progress,
                    cancelled);
        }
        ConformanceReport report = check(vulkan, progress, cancelled);
        if (report.passed()) {
            return passed(BackendChoice.AUTO, vulkan, memory(vulkan), "", report);
        }
        vulkan.close();
        log.warn("not used: {}", report.summary());
        return checkedCpu(
                BackendChoice.AUTO,
                threads,
                "The CPU computes, because " + report.summary() + ".",
                progress,
                cancelled);
    }

    private static OpenDevice checkedCpu(
            BackendChoice choice, int threads, String note, Progress progress, BooleanSupplier cancelled) {
        CpuBackend cpu = cpu(threads);
        ConformanceReport report = check(cpu, progress, cancelled);
        if (!report.passed()) {
            cpu.close();
            throw new DeviceException(report.summary());
        }
        return passed(choice, cpu, -1, note, report);
    }

    private static OpenDevice passed(
            BackendChoice choice, Backend backend, long memoryBytes, String note, ConformanceReport report) {
        return new OpenDevice(
                choice,
                backend,
                new DeviceView(backend.device(), backend.name(), memoryBytes, true, note),
                report.digest());
    }

    private static ConformanceReport check(Backend backend, Progress progress, BooleanSupplier cancelled) {
        ConformanceReport report = Conformance.run(backend, cancelled, progress::check);
        log.info("conformance in {} ms: {}", report.took().toMillis(), report.summary());
        return report;
    }

    private static VulkanBackend vulkan() {
        try {
            return VulkanBackend.open();
        } catch (VulkanException e) {
            throw new DeviceException(String.valueOf(e.getMessage()), e);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            // no native library of LWJGL for this platform
            throw new DeviceException("Vulkan cannot be reached from here (" + e + ")", e);
        }
    }

    private static long memory(VulkanBackend vulkan) {
        long bytes = vulkan.facts().deviceMemoryBytes();
        return bytes > 0 ? bytes : -1;
    }

    private static CpuBackend cpu(int threads) {
        return threads > 0 ? new CpuBackend(threads) : new CpuBackend();
    }

    /** What was asked for when this was opened. */
    public BackendChoice choice() {
        return choice;
    }

    public Backend backend() {
        return backend;
    }

    public DeviceView view() {
        return view;
    }

    /** Hex digest of the conformance run, announced to the grid. */
    public String conformanceDigest() {
        return conformanceDigest;
    }

    @Override
    public void close() {
        backend.close();
    }
}
