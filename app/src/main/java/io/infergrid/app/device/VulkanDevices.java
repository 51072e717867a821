package io.infergrid.app.device;

import io.infergrid.compute.vulkan.DeviceFacts;
import io.infergrid.compute.vulkan.VulkanException;
import io.infergrid.compute.vulkan.VulkanInstance;
import java.util.List;

/** The Vulkan devices of this machine, whether they can be used or not. */
public final class VulkanDevices {

    private VulkanDevices() {}

    /** Best first; empty without a Vulkan driver. */
    public static List<DeviceFacts> list() {
        try (VulkanInstance instance = VulkanInstance.open(VulkanInstance.Validation.OFF)) {
            return instance.devices();
        } catch (VulkanException | UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            return List.of();
        }
    }
}
