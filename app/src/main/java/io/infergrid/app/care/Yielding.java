package io.infergrid.app.care;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.PauseReason;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which reasons to pause hold, from what the sensors read and what the owner allows. A reason that depends on a measured value ends
 * only well below where it began, so that a rig does not start and stop all the time. Remembers the last minute; not thread-safe.
 */
public final class Yielding {

    /** The kinds that this class decides about; others are not its business. */
    public static final List<Class<? extends PauseReason>> KINDS = List.of(
            PauseReason.GameRunning.class,
            PauseReason.GpuBusyWithOthers.class,
            PauseReason.UserActive.class,
            PauseReason.OnBattery.class,
            PauseReason.TooHot.class,
            PauseReason.PowerLimit.class,
            PauseReason.OutsideSchedule.class);

    /** A card that was too hot must have cooled by so much. */
    static final int COOLER_BY_CELSIUS = 5;

    /** How often in a row others must be seen on the card: one program that opens a window is no reason. */
    static final int BUSY_LOOKS = 3;

    private static final Duration POWER_SPAN = Duration.ofMinutes(1);
    private static final int LEAST_POWER_READINGS = 10;

    private record Watts(LocalDateTime at, int watts) {}

    private final Deque<Watts> power = new ArrayDeque<>();
    private boolean tooHot;
    private boolean tooMuchPower;
    private int busyLooks;

    /**
     * The reasons that hold now.
     *
     * @param now local time, for the schedule; looks are to come in order
     * @param throttled whether the duty cycle is already as low as it may be, so that only a pause is left against too much power
     */
    public List<PauseReason> reasons(Reading reading, Limits limits, LocalDateTime now, boolean throttled) {
        var holding = new ArrayList<PauseReason>();
        game(reading, limits).ifPresent(program -> holding.add(new PauseReason.GameRunning(program)));
        if (othersOnTheCard(reading, limits)) {
            holding.add(new PauseReason.GpuBusyWithOthers());
        }
        if (limits.idleMinutes() > 0
                && reading.untouched()
                        .filter(idle -> idle.compareTo(Duration.ofMinutes(limits.idleMinutes())) < 0)
                        .isPresent()) {
            holding.add(new PauseReason.UserActive());
        }
        if (!limits.onBattery() && reading.power() == Reading.Power.BATTERY) {
            holding.add(new PauseReason.OnBattery());
        }
        if (heat(reading.telemetry().celsius(), limits.maxCelsius())) {
            holding.add(new PauseReason.TooHot(reading.telemetry().celsius().orElse(0), limits.maxCelsius()));
        }
        if (power(reading.telemetry().watts(), limits.maxWatts(), now, throttled)) {
            holding.add(new PauseReason.PowerLimit());
        }
        if (!limits.schedule().allows(now)) {
            holding.add(new PauseReason.OutsideSchedule(
                    limits.schedule().nextStart(now).map(Yielding::words).orElse("no hour of the week")));
        }
        return holding;
    }

    private static Optional<String> game(Reading reading, Limits limits) {
        Optional<String> exclusive = limits.exclusivePrograms().stream()
                .filter(program -> reading.programs().contains(executable(program)))
                .findFirst();
        return exclusive.isPresent() || !limits.games() ? exclusive : reading.fullScreen();
    }

    /** The form in which programs are compared: the name of the executable, in lower case, without {@code .exe}. */
    public static String executable(String program) {
        String name = program.substring(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1)
                .toLowerCase(Locale.ROOT);
        return name.endsWith(".exe") ? name.substring(0, name.length() - 4) : name;
    }

    private boolean othersOnTheCard(Reading reading, Limits limits) {
        OptionalInt others = reading.othersGpuPercent();
        boolean busy = limits.othersGpuPercent() > 0 && others.orElse(0) >= limits.othersGpuPercent();
        busyLooks = busy ? Math.min(busyLooks + 1, BUSY_LOOKS) : 0;
        return busyLooks == BUSY_LOOKS;
    }

    private boolean heat(OptionalInt celsius, int limit) {
        if (limit == 0 || celsius.isEmpty()) {
            tooHot = false;
        } else if (celsius.getAsInt() >= limit) {
            tooHot = true;
        } else if (celsius.getAsInt() <= limit - COOLER_BY_CELSIUS) {
            tooHot = false;
        }
        return tooHot;
    }

    /** The mean of the last minute counts: cards draw twice their mean for moments. */
    private boolean power(OptionalInt watts, int limit, LocalDateTime now, boolean throttled) {
        power.removeIf(reading ->
                reading.at().isBefore(now.minus(POWER_SPAN)) || reading.at().isAfter(now));
        watts.ifPresent(value -> power.addLast(new Watts(now, value)));
        if (limit == 0 || power.isEmpty()) {
            tooMuchPower = false;
            return false;
        }
        double mean = power.stream().mapToInt(Watts::watts).average().orElse(0);
        if (throttled && power.size() >= LEAST_POWER_READINGS && mean > limit) {
            tooMuchPower = true;
        } else if (mean < 0.9 * limit) {
            tooMuchPower = false;
        }
        return tooMuchPower;
    }

    private static String words(LocalDateTime start) {
        return start.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH) + ", "
                + String.format(Locale.ROOT, "%02d:00", start.getHour());
    }
}
