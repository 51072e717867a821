package io.infergrid.app.care;

import io.infergrid.app.core.Telemetry;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * One look at the computer. What could not be found out is empty, and nothing follows from it.
 *
 * @param fullScreen name of the program that fills a screen, or that the system's game mode was asked for
 * @param programs names of the executables that run, in lower case, without {@code .exe}
 * @param untouched how long nobody has used keyboard or mouse
 * @param power where the current comes from
 * @param othersGpuPercent how busy the graphics card is with other programs than this rig's
 * @param telemetry of the card that computes
 */
public record Reading(
        Optional<String> fullScreen,
        Set<String> programs,
        Optional<Duration> untouched,
        Power power,
        OptionalInt othersGpuPercent,
        Telemetry telemetry) {

    public enum Power {
        MAINS,
        BATTERY,
        UNKNOWN
    }

    public static final Reading NOTHING = new Reading(
            Optional.empty(), Set.of(), Optional.empty(), Power.UNKNOWN, OptionalInt.empty(), Telemetry.UNKNOWN);

    public Reading {
        programs = Set.copyOf(programs);
    }
}
