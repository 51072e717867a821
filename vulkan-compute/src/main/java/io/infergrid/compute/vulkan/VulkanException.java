package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

/** A Vulkan call that failed, or a device that cannot do what is asked; the message says which and why. */
public final class VulkanException extends RuntimeException {

    private final boolean deviceLost;

    public VulkanException(String message) {
        super(message);
        this.deviceLost = false;
    }

    VulkanException(String message, Throwable cause) {
        super(message, cause);
        this.deviceLost = false;
    }

    private VulkanException(String message, int result) {
        super(message);
        this.deviceLost = result == VK_ERROR_DEVICE_LOST;
    }

    /** True if the device is gone (driver reset, unplugged, slept): everything on it must be opened and uploaded again. */
    public boolean deviceLost() {
        return deviceLost;
    }

    /** Throws unless {@code result} is a success. */
    static void check(int result, String call) {
        if (result < 0) {
            throw new VulkanException(call + " failed: " + words(result), result);
        }
    }

    private static String words(int result) {
        return switch (result) {
            case VK_ERROR_OUT_OF_HOST_MEMORY -> "out of host memory";
            case VK_ERROR_OUT_OF_DEVICE_MEMORY -> "out of device memory";
            case VK_ERROR_INITIALIZATION_FAILED -> "initialisation failed";
            case VK_ERROR_DEVICE_LOST -> "the device is lost";
            case VK_ERROR_MEMORY_MAP_FAILED -> "mapping memory failed";
            case VK_ERROR_LAYER_NOT_PRESENT -> "a layer is not present";
            case VK_ERROR_EXTENSION_NOT_PRESENT -> "an extension is not present";
            case VK_ERROR_FEATURE_NOT_PRESENT -> "a feature is not present";
            case VK_ERROR_INCOMPATIBLE_DRIVER -> "no driver for this Vulkan version";
            case VK_ERROR_TOO_MANY_OBJECTS -> "too many objects";
            case VK_ERROR_FRAGMENTED_POOL, VK_ERROR_OUT_OF_POOL_MEMORY -> "out of pool memory";
            default -> "result " + result;
        };
    }
}
