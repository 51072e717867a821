package io.infergrid.compute.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a card is connected now, as Linux says it under {@code /sys/bus/pci/devices}. A card that rests may have slowed its link
 * down.
 *
 * @param gigatransfers a second of a lane, e.g. 16
 * @param lanes e.g. 16
 */
public record PciLink(double gigatransfers, int lanes) {

    private static final Path DEVICES = Path.of("/sys/bus/pci/devices");
    private static final Pattern SPEED = Pattern.compile("([0-9]{1,4}(?:\\.[0-9]{1,3})?) GT/s.*");
    private static final Pattern LANES = Pattern.compile("[0-9]{1,3}");
    private static final double[] GENERATIONS = {2.5, 5, 8, 16, 32, 64, 128};

    /**
     * The link of a device.
     *
     * @param address e.g. {@code 0000:01:00.0}
     * @return empty where the system does not say
     */
    public static Optional<PciLink> of(String address) {
        return of(DEVICES, address);
    }

    static Optional<PciLink> of(Path devices, String address) {
        if (!address.matches("[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-9a-f]")) {
            return Optional.empty();
        }
        Matcher speed = SPEED.matcher(read(devices.resolve(address).resolve("current_link_speed")));
        Matcher lanes = LANES.matcher(read(devices.resolve(address).resolve("current_link_width")));
        return speed.matches() && lanes.matches()
                ? Optional.of(new PciLink(Double.parseDouble(speed.group(1)), Integer.parseInt(lanes.group())))
                : Optional.empty();
    }

    /** @return empty for a generation that is not known, or without a lane */
    static Optional<PciLink> ofGeneration(int generation, int lanes) {
        return generation >= 1 && generation <= GENERATIONS.length && lanes > 0
                ? Optional.of(new PciLink(GENERATIONS[generation - 1], lanes))
                : Optional.empty();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** 1 for 2.5 gigatransfers a second, 2 for 5, ...; 0 if the speed is none of these. */
    public int generation() {
        for (int i = 0; i < GENERATIONS.length; i++) {
            if (GENERATIONS[i] == gigatransfers) {
                return i + 1;
            }
        }
        return 0;
    }

    /** E.g. {@code PCIe 4.0 x16}. */
    @Override
    public String toString() {
        return generation() > 0
                ? "PCIe " + generation() + ".0 x" + lanes
                : String.format(Locale.ROOT, "PCIe %.1f GT/s x%d", gigatransfers, lanes);
    }
}
