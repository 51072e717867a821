package io.infergrid.app.device;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.device.DeviceSources.Accelerator;
import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.conformance.ConformanceReport;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.vulkan.DeviceChoice;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device that computes: chosen, opened, and shown to compute the bits of IG1. A device that fails is never used: with {@link
 * BackendChoice#AUTO} the CPU takes its place and the view says why, asked for by name it is refused. AUTO also leaves alone a
 * Vulkan driver that runs on the processor: the CPU backend computes the same there, faster.
 */
public final class OpenDevice implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(OpenDevice.class);

    private final Backend backend;
    private final DeviceView view;
    private final String conformanceDigest;
    private final String uuid;

    private OpenDevice(Backend backend, DeviceView view, String conformanceDigest, String uuid) {
        this.backend = backend;
        this.view = view;
        this.conformanceDigest = conformanceDigest;
        this.uuid = uuid;
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
     * @throws CancellationException if {@code cancelled} said so
     */
    public static OpenDevice open(BackendChoice choice, int threads, Progress progress, BooleanSupplier cancelled) {
        return open(new WantedDevice(choice, DeviceChoice.BEST), threads, progress, cancelled);
    }

    /** The same with one of several Vulkan devices. */
    public static OpenDevice open(WantedDevice wanted, int threads, Progress progress, BooleanSupplier cancelled) {
        return open(DeviceSources.thisMachine(wanted.card()), wanted.backend(), threads, progress, cancelled);
    }

    static OpenDevice open(
            DeviceSources machine, BackendChoice choice, int threads, Progress progress, BooleanSupplier cancelled) {
        Checks checks = new Checks(progress, cancelled);
        return switch (choice) {
            case CPU -> checks.pass(machine.processor(threads), "");
            case VULKAN -> checks.pass(machine.vulkan().get(), "");
            case AUTO -> {
                try {
                    yield accelerated(machine, checks);
                } catch (DeviceException e) {
                    log.warn("the CPU computes: {}", e.getMessage());
                    yield checks.pass(machine.processor(threads), "The CPU computes: " + e.getMessage() + ".");
                }
            }
        };
    }

    /** What AUTO takes before the CPU. */
    private static OpenDevice accelerated(DeviceSources machine, Checks checks) {
        Accelerator vulkan = machine.vulkan().get();
        if (vulkan.onProcessor()) {
            String driver = vulkan.backend().device();
            vulkan.backend().close();
            throw new DeviceException("the Vulkan driver " + driver
                    + " runs on the processor too, where the CPU backend computes the same bits faster");
        }
        return checks.pass(vulkan, "");
    }

    /** Runs the conformance table on what is opened. */
    private record Checks(Progress progress, BooleanSupplier cancelled) {

        /** The device in use; a backend that fails is closed. */
        OpenDevice pass(Accelerator device, String note) {
            Backend backend = device.backend();
            ConformanceReport report;
            try {
                report = Conformance.run(backend, cancelled, progress::check);
            } catch (RuntimeException e) {
                backend.close();
                throw e;
            }
            log.info("conformance in {} ms: {}", report.took().toMillis(), report.summary());
            if (!report.passed()) {
                backend.close();
                if (cancelled.getAsBoolean()) {
                    throw new CancellationException("cancelled");
                }
                throw new DeviceException(report.summary());
            }
            return of(device, note, report.digest());
        }
    }

    /**
     * Opens a device that was found to be conformant before, e.g. by the process that starts this one.
     *
     * @param choice VULKAN or CPU
     * @param conformanceDigest of that finding
     */
    public static OpenDevice known(BackendChoice choice, int threads, String conformanceDigest) {
        return known(choice, DeviceChoice.BEST, threads, conformanceDigest);
    }

    /** The same with one of several Vulkan devices. */
    public static OpenDevice known(BackendChoice choice, DeviceChoice wanted, int threads, String conformanceDigest) {
        DeviceSources machine = DeviceSources.thisMachine(wanted);
        Accelerator device = choice == BackendChoice.VULKAN ? machine.vulkan().get() : machine.processor(threads);
        return of(device, "", conformanceDigest);
    }

    private static OpenDevice of(Accelerator device, String note, String conformanceDigest) {
        Backend backend = device.backend();
        return new OpenDevice(
                backend,
                new DeviceView(backend.device(), backend.name(), device.memoryBytes(), true, note),
                conformanceDigest,
                device.uuid());
    }

    /**
     * Opens a device to be measured: what {@link BackendChoice#AUTO} would take, but a device that is asked for by name is not
     * checked, since the measurement says whether it is conformant.
     */
    public static OpenDevice unchecked(
            BackendChoice choice, DeviceChoice device, int threads, BooleanSupplier cancelled) {
        return choice == BackendChoice.AUTO
                ? open(new WantedDevice(choice, device), threads, Progress.SILENT, cancelled)
                : known(choice, device, threads, "");
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

    /** The graphics card's, by which another process opens the same one; empty for the processor. */
    public String uuid() {
        return uuid;
    }

    @Override
    public void close() {
        backend.close();
    }
}
