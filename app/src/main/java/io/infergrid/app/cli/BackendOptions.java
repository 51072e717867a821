package io.infergrid.app.cli;

import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.app.device.WantedDevice;
import io.infergrid.compute.vulkan.DeviceChoice;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Option;

/** On which device. */
final class BackendOptions {

    @Option(
            names = {"-b", "--backend"},
            paramLabel = "cpu|vulkan|auto",
            description =
                    "The device that computes (default: auto, which takes a graphics card that is conformant, else the CPU).")
    BackendChoice backend = BackendChoice.AUTO;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads of the CPU backend (default: one a processor).")
    int threads = 0;

    @Option(
            names = "--device",
            paramLabel = "UUID|NAME",
            description = "Which graphics card: the beginning of its UUID or a part of its name, as in doctor --json"
                    + " (default: the best).")
    String device = "";

    void check() {
        if (threads < 0) {
            throw new Failure("expected --threads of 0 or more, found " + threads);
        }
        if (!device.isBlank() && backend == BackendChoice.CPU) {
            throw new Failure("expected --device with the backend vulkan, found it with cpu");
        }
    }

    /** A device that is asked for by name is the one to take. */
    BackendChoice backend() {
        return device.isBlank() ? backend : BackendChoice.VULKAN;
    }

    DeviceChoice choice() {
        return new DeviceChoice(device);
    }

    /** Opens the device and checks its conformance. */
    OpenDevice open(BooleanSupplier cancelled) {
        return OpenDevice.open(new WantedDevice(backend(), choice()), threads, OpenDevice.Progress.SILENT, cancelled);
    }
}
