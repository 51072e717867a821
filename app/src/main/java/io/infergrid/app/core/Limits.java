package io.infergrid.app.core;

import java.util.List;
import java.util.function.Consumer;

/**
 * How far a rig may go before it gets out of its owner's way. A value of 0 switches a limit off where it says so.
 *
 * @param games whether a game, or any program that fills a screen, pauses the rig
 * @param exclusivePrograms programs that pause the rig while they run, by the name of their executable
 * @param othersGpuPercent pause when other programs use this much of the graphics card; 0 never
 * @param idleMinutes work only after the computer has not been touched for so long; 0 also while it is used
 * @param onBattery whether to work on battery
 * @param maxCelsius pause at this temperature of the graphics card; 0 never
 * @param maxWatts keep the card's mean power below this; 0 no limit
 * @param dutyPercent most part of the time that the device computes, 10 to 100
 * @param memoryReserveMiB memory of the graphics card that is left to other programs
 * @param schedule hours in which to work
 */
public record Limits(
        boolean games,
        List<String> exclusivePrograms,
        int othersGpuPercent,
        int idleMinutes,
        boolean onBattery,
        int maxCelsius,
        int maxWatts,
        int dutyPercent,
        int memoryReserveMiB,
        Schedule schedule) {

    public static final int LEAST_DUTY_PERCENT = 10;
    private static final int MOST_PROGRAMS = 100;
    private static final int LONGEST_PROGRAM = 200;

    /** Games and batteries come first; hot cards rest; everything else is the owner's to say. */
    public static final Limits DEFAULT = new Limits(true, List.of(), 30, 0, false, 84, 0, 100, 512, Schedule.ALWAYS);

    /** @throws Settings.OutOfRange if a value is none that a rig can keep */
    public Limits {
        if (exclusivePrograms.size() > MOST_PROGRAMS) {
            throw new Settings.OutOfRange("expected up to " + MOST_PROGRAMS + " programs that pause the rig, found "
                    + exclusivePrograms.size());
        }
        exclusivePrograms =
                exclusivePrograms.stream().map(Limits::program).distinct().toList();
        within("othersGpuPercent", othersGpuPercent, 0, 100);
        within("idleMinutes", idleMinutes, 0, 24 * 60);
        if (maxCelsius != 0) {
            within("maxCelsius", maxCelsius, 40, 110);
        }
        if (maxWatts != 0) {
            within("maxWatts", maxWatts, 20, 2000);
        }
        within("dutyPercent", dutyPercent, LEAST_DUTY_PERCENT, 100);
        within("memoryReserveMiB", memoryReserveMiB, 0, 1 << 20);
    }

    private static String program(String name) {
        String stripped = name.strip();
        if (stripped.isEmpty() || stripped.length() > LONGEST_PROGRAM) {
            throw new Settings.OutOfRange(
                    "expected a program's name of 1 to " + LONGEST_PROGRAM + " characters, found " + stripped.length());
        }
        if (stripped.chars().anyMatch(Character::isISOControl)) {
            throw new Settings.OutOfRange("expected a program's name without control characters, found one");
        }
        return stripped;
    }

    private static void within(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new Settings.OutOfRange("expected " + name + " from " + least + " to " + most + ", found " + value);
        }
    }

    /** This with some values changed, e.g. {@code limits.but(draft -> draft.maxWatts = 200)}. */
    public Limits but(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** The values one by one, to be changed. */
    public static final class Draft {
        public boolean games;
        public List<String> exclusivePrograms;
        public int othersGpuPercent;
        public int idleMinutes;
        public boolean onBattery;
        public int maxCelsius;
        public int maxWatts;
        public int dutyPercent;
        public int memoryReserveMiB;
        public Schedule schedule;

        private Draft(Limits now) {
            games = now.games;
            exclusivePrograms = now.exclusivePrograms;
            othersGpuPercent = now.othersGpuPercent;
            idleMinutes = now.idleMinutes;
            onBattery = now.onBattery;
            maxCelsius = now.maxCelsius;
            maxWatts = now.maxWatts;
            dutyPercent = now.dutyPercent;
            memoryReserveMiB = now.memoryReserveMiB;
            schedule = now.schedule;
        }

        private Limits done() {
            return new Limits(
                    games,
                    exclusivePrograms,
                    othersGpuPercent,
                    idleMinutes,
                    onBattery,
                    maxCelsius,
                    maxWatts,
                    dutyPercent,
                    memoryReserveMiB,
                    schedule);
        }
    }
}
