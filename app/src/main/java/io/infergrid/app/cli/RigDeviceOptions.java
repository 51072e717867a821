package io.infergrid.app.cli;

import io.infergrid.app.core.Settings;
import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.device.WantedDevice;
import io.infergrid.app.rig.RigService;
import io.infergrid.compute.vulkan.DeviceChoice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** On which device a rig computes this time; without these options on that of its settings. */
final class RigDeviceOptions {

    @Option(
            names = {"-b", "--backend"},
            paramLabel = "cpu|vulkan|auto",
            description = "The device that computes this time (default: that of the settings).")
    @Nullable
    BackendChoice backend;

    @Option(
            names = "--device",
            paramLabel = "UUID|NAME",
            description = "Which graphics card this time: the beginning of its UUID or a part of its name, as in doctor"
                    + " --json (default: that of the settings).")
    @Nullable
    String device;

    void check() {
        if (device != null && backend == BackendChoice.CPU) {
            throw new Failure("expected --device with the backend vulkan, found it with cpu");
        }
    }

    void choose(RigService rig) {
        if (backend != null || device != null) {
            rig.use(over(rig.settings().get()));
        }
    }

    /** A device that is asked for by name is the one to take. */
    private WantedDevice over(Settings settings) {
        if (device != null && !device.isBlank()) {
            return new WantedDevice(BackendChoice.VULKAN, new DeviceChoice(device));
        }
        String card = device == null ? settings.device() : device;
        return new WantedDevice(backend == null ? settings.backend() : backend, new DeviceChoice(card));
    }
}
