package io.infergrid.app.care.sense;

import io.infergrid.app.care.Reading.Power;
import java.util.List;
import java.util.Optional;
import oshi.hardware.HardwareAbstractionLayer;
import oshi.hardware.PowerSource;

/** Mains or battery, by OSHI. A computer without a battery is on mains. */
final class PowerSupply implements Sensor<Power> {

    private final HardwareAbstractionLayer hardware;

    PowerSupply(HardwareAbstractionLayer hardware) {
        this.hardware = hardware;
    }

    @Override
    public Optional<Power> read() {
        List<PowerSource> sources = hardware.getPowerSources();
        boolean battery = sources.stream().anyMatch(source -> source.isDischarging() && !source.isPowerOnLine());
        return Optional.of(battery ? Power.BATTERY : Power.MAINS);
    }

    @Override
    public String how() {
        return "the system's power sources";
    }
}
