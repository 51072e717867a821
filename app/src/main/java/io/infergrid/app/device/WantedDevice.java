package io.infergrid.app.device;

import io.infergrid.app.core.Settings;
import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.compute.vulkan.DeviceChoice;

/**
 * Which device is asked for.
 *
 * @param card which one if the backend is Vulkan, or with AUTO which one is tried before the CPU
 */
public record WantedDevice(BackendChoice backend, DeviceChoice card) {

    /** What the settings say. */
    public static WantedDevice of(Settings settings) {
        return new WantedDevice(settings.backend(), new DeviceChoice(settings.device()));
    }
}
