package io.infergrid.compute.vulkan;

import org.lwjgl.vulkan.VK10;

/** Loses a device as a driver's reset does: in the package that may, since no call of Vulkan does it. */
public final class DeviceLoss {

    private DeviceLoss() {}

    /** The device's next submission fails with {@code VK_ERROR_DEVICE_LOST}. */
    public static void atNextSubmission(VulkanBackend backend) {
        backend.vulkanDevice().queue().failNext(VK10.VK_ERROR_DEVICE_LOST);
    }
}
