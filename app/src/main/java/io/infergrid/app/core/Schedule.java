package io.infergrid.app.core;

import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * When a rig may work: for each day of the week, from Monday, the hours of the day.
 *
 * @param days seven texts such as {@code 0-8 18-24} (whole hours, the second not included) or empty for never
 */
public record Schedule(List<String> days) {

    private static final int HOURS = 24;
    private static final int LONGEST_DAY = 200;

    /** Every hour of every day. */
    public static final Schedule ALWAYS = new Schedule(Collections.nCopies(7, "0-24"));

    /** @throws Settings.OutOfRange if a text is not hours of a day */
    public Schedule {
        if (days.size() != 7) {
            throw new Settings.OutOfRange("expected a schedule of seven days, found " + days.size());
        }
        // one form for each set of hours, so that equal schedules are equal
        days = days.stream().map(day -> text(hours(day))).toList();
    }

    public boolean allows(DayOfWeek day, int hour) {
        return (hours(days.get(day.getValue() - 1)) >> hour & 1) != 0;
    }

    public boolean allows(LocalDateTime time) {
        return allows(time.getDayOfWeek(), time.getHour());
    }

    /** This with one hour allowed or not. */
    public Schedule with(DayOfWeek day, int hour, boolean allowed) {
        var next = new ArrayList<>(days);
        int bit = 1 << hour;
        int now = hours(days.get(day.getValue() - 1));
        next.set(day.getValue() - 1, text(allowed ? now | bit : now & ~bit));
        return new Schedule(next);
    }

    /** The next full hour after {@code time} that is allowed while {@code time} is not; empty if no hour of the week is. */
    public Optional<LocalDateTime> nextStart(LocalDateTime time) {
        LocalDateTime hour = time.truncatedTo(ChronoUnit.HOURS);
        for (int i = 0; i < 7 * HOURS; i++) {
            hour = hour.plusHours(1);
            if (allows(hour)) {
                return Optional.of(hour);
            }
        }
        return Optional.empty();
    }

    /** Bit h is hour h. */
    private static int hours(String day) {
        if (day.length() > LONGEST_DAY) {
            throw new Settings.OutOfRange("expected hours like '0-8 18-24', found " + day.length() + " characters");
        }
        int hours = 0;
        for (String range :
                day.isBlank() ? List.<String>of() : List.of(day.strip().split(" +"))) {
            if (!range.matches("\\d{1,2}-\\d{1,2}")) {
                throw new Settings.OutOfRange("expected hours like '0-8 18-24', found '" + day + "'");
            }
            int dash = range.indexOf('-');
            int from = Integer.parseInt(range, 0, dash, 10);
            int to = Integer.parseInt(range, dash + 1, range.length(), 10);
            if (from >= to || to > HOURS) {
                throw new Settings.OutOfRange("expected hours FROM-TO up to 24, found '" + range + "'");
            }
            for (int hour = from; hour < to; hour++) {
                hours |= 1 << hour;
            }
        }
        return hours;
    }

    private static String text(int hours) {
        var ranges = new ArrayList<String>();
        for (int from = 0; from < HOURS; from++) {
            if ((hours >> from & 1) != 0) {
                int to = from;
                while (to < HOURS && (hours >> to & 1) != 0) {
                    to++;
                }
                ranges.add(from + "-" + to);
                from = to;
            }
        }
        return String.join(" ", ranges);
    }
}
