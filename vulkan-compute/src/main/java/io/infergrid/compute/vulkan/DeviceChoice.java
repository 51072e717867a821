package io.infergrid.compute.vulkan;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Which of a machine's devices is meant.
 *
 * @param wanted the beginning of a device's UUID (stays the same over restarts, unlike an index), or a part of its name; empty for
 *     the best
 */
public record DeviceChoice(String wanted) {

    /** The first that can be used, in the order of {@link VulkanInstance#devices}. */
    public static final DeviceChoice BEST = new DeviceChoice("");

    private static final int FEWEST_DIGITS = 4;

    public DeviceChoice {
        wanted = wanted.strip();
    }

    /**
     * The one device of {@code devices} that is meant.
     *
     * @param devices best first
     * @throws VulkanException if there is none, it cannot be used, or several could be meant
     */
    public DeviceFacts among(List<DeviceFacts> devices) {
        if (devices.isEmpty()) {
            throw new VulkanException("the Vulkan loader found no device");
        }
        if (wanted.isEmpty()) {
            return best(devices);
        }
        List<DeviceFacts> meant = devices.stream().filter(this::isMeant).toList();
        if (meant.size() != 1) {
            throw new VulkanException("expected one device '" + wanted + "', found "
                    + (meant.isEmpty() ? "only " + names(devices) : names(meant)));
        }
        if (!meant.getFirst().usable()) {
            throw new VulkanException(unusable(meant.getFirst()));
        }
        return meant.getFirst();
    }

    private static DeviceFacts best(List<DeviceFacts> devices) {
        DeviceFacts best = devices.getFirst();
        if (!best.usable()) {
            throw new VulkanException(
                    devices.stream().map(DeviceChoice::unusable).collect(Collectors.joining("; ")));
        }
        return best;
    }

    private boolean isMeant(DeviceFacts device) {
        String lower = wanted.toLowerCase(Locale.ROOT);
        String digits = lower.replace("-", "");
        return digits.length() >= FEWEST_DIGITS && device.uuid().startsWith(digits)
                || device.name().toLowerCase(Locale.ROOT).contains(lower);
    }

    private static String names(List<DeviceFacts> devices) {
        return devices.stream()
                .map(device -> device.name() + " (" + device.uuid() + ")")
                .collect(Collectors.joining(", "));
    }

    private static String unusable(DeviceFacts device) {
        return device.name() + " cannot be used: " + String.join(", ", device.missing());
    }
}
