package io.infergrid.app.device;

import com.sun.management.OperatingSystemMXBean;
import io.infergrid.app.device.DeviceSources.Accelerator;
import java.lang.management.ManagementFactory;

/**
 * The memory that this machine would hold weights in: that of its graphics card, else its own.
 *
 * @param where in words
 */
public record RigMemory(long bytes, String where) {

    /** Looks; takes as long as it takes to open the Vulkan driver. */
    public static RigMemory ofThisMachine() {
        return of(DeviceSources.THIS_MACHINE);
    }

    static RigMemory of(DeviceSources machine) {
        try {
            Accelerator card = machine.vulkan().get();
            try (var device = card.backend()) {
                if (!card.onProcessor() && card.memoryBytes() > 0) {
                    return new RigMemory(card.memoryBytes(), device.device());
                }
            }
        } catch (DeviceException e) {
            // no card: the processor computes
        }
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            return new RigMemory(system.getTotalMemorySize(), "this computer's memory");
        }
        throw new DeviceException("expected a Java that knows how much memory there is: name it with --memory");
    }
}
