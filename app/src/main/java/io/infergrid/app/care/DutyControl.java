package io.infergrid.app.care;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.Telemetry;

/**
 * Which part of the time the device may compute, so that the card stays below its owner's power and temperature: less at once when it is
 * above, more by small steps when it is well below. Only pauses between dispatches: no clocks and no voltages are touched, and no
 * administrator's rights are needed. Not thread-safe.
 */
public final class DutyControl {

    private static final int STEP_PERCENT = 3;

    /** From here on below its limit a card is slowed down, so that it need not be stopped. */
    private static final int WARM_CELSIUS = 3;

    private int percent = 100;

    /** @return the duty from now on, {@value Limits#LEAST_DUTY_PERCENT} to {@link Limits#dutyPercent} */
    public int next(Telemetry telemetry, Limits limits) {
        double wanted = Math.min(percent + STEP_PERCENT, limits.dutyPercent());
        if (limits.maxWatts() > 0 && telemetry.watts().isPresent()) {
            int watts = telemetry.watts().getAsInt();
            if (watts > limits.maxWatts()) {
                wanted = Math.min(wanted, (double) percent * limits.maxWatts() / watts);
            } else if (watts > 0.95 * limits.maxWatts()) {
                wanted = Math.min(wanted, percent);
            }
        }
        if (limits.maxCelsius() > 0 && telemetry.celsius().isPresent()) {
            int above = telemetry.celsius().getAsInt() - (limits.maxCelsius() - WARM_CELSIUS);
            if (above > 0) {
                wanted = Math.min(wanted, percent - above * STEP_PERCENT);
            } else if (above == 0) {
                wanted = Math.min(wanted, percent);
            }
        }
        percent = (int) Math.clamp(Math.floor(wanted), Limits.LEAST_DUTY_PERCENT, limits.dutyPercent());
        return percent;
    }

    /** Whether less is not possible, so that only a pause is left. */
    public boolean atLeast() {
        return percent == Limits.LEAST_DUTY_PERCENT;
    }
}
