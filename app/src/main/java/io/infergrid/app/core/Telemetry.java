package io.infergrid.app.core;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What the graphics card says of itself. A value that neither driver nor system tells is empty, and is shown as unknown.
 *
 * @param card its name; empty if there is none
 * @param busyPercent of the time, with anybody's work
 * @param memoryUsedBytes by anybody
 */
public record Telemetry(
        String card,
        OptionalInt celsius,
        OptionalInt watts,
        OptionalInt busyPercent,
        OptionalInt coreMegahertz,
        OptionalInt fanPercent,
        OptionalLong memoryUsedBytes,
        OptionalLong memoryBytes) {

    public static final Telemetry UNKNOWN = new Telemetry(
            "",
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            OptionalLong.empty(),
            OptionalLong.empty());
}
