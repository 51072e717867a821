package io.infergrid.app.device;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.vulkan.DeviceChoice;
import io.infergrid.compute.vulkan.DeviceKind;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * What a machine has to compute with. {@link #THIS_MACHINE} is the real one; tests put others in its place, such as one without
 * a driver.
 *
 * @param vulkan opens the best Vulkan device, or throws a {@link DeviceException} that says why there is none
 * @param cpu opens the CPU backend with so many threads, 0 for one a processor
 */
record DeviceSources(Supplier<Accelerator> vulkan, IntFunction<Backend> cpu) {

    static final DeviceSources THIS_MACHINE = thisMachine(DeviceChoice.BEST);

    /** The real machine with one of its Vulkan devices. */
    static DeviceSources thisMachine(DeviceChoice device) {
        return new DeviceSources(
                () -> openVulkan(device), threads -> threads > 0 ? new CpuBackend(threads) : new CpuBackend());
    }

    /** The processor as a device. */
    Accelerator processor(int threads) {
        return new Accelerator(cpu.apply(threads), -1, true, "");
    }

    /**
     * What computes.
     *
     * @param memoryBytes its memory, or -1 if unknown
     * @param onProcessor whether it is only a driver that computes on the processor after all
     * @param uuid by which another process finds the same device
     */
    record Accelerator(Backend backend, long memoryBytes, boolean onProcessor, String uuid) {}

    private static Accelerator openVulkan(DeviceChoice device) {
        try {
            VulkanBackend vulkan = VulkanBackend.open(device);
            long memory = vulkan.facts().deviceMemoryBytes();
            return new Accelerator(
                    vulkan,
                    memory > 0 ? memory : -1,
                    vulkan.facts().kind() == DeviceKind.CPU,
                    vulkan.facts().uuid());
        } catch (VulkanException e) {
            throw new DeviceException(String.valueOf(e.getMessage()), e);
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            // no Vulkan loader, or no native library of LWJGL for this platform
            throw new DeviceException("Vulkan cannot be reached from here (" + e + ")", e);
        }
    }
}
