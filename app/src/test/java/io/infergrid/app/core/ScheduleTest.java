package io.infergrid.app.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final LocalDateTime MONDAY_NOON = LocalDateTime.of(2026, 11, 30, 12, 30);

    @Test
    void hours_are_allowed_from_the_first_up_to_the_second() {
        var nights = new Schedule(Collections.nCopies(7, "0-8 18-24"));
        assertThat(nights.allows(DayOfWeek.MONDAY, 7)).isTrue();
        assertThat(nights.allows(DayOfWeek.MONDAY, 8)).isFalse();
        assertThat(nights.allows(MONDAY_NOON)).isFalse();
        assertThat(nights.allows(DayOfWeek.SUNDAY, 23)).isTrue();
    }

    @Test
    void the_next_start_is_the_next_allowed_hour_whatever_the_day() {
        var weekend = new Schedule(List.of("", "", "", "", "", "10-12", ""));
        assertThat(weekend.nextStart(MONDAY_NOON)).contains(LocalDateTime.of(2026, 12, 5, 10, 0));
        assertThat(new Schedule(Collections.nCopies(7, "")).nextStart(MONDAY_NOON))
                .isEmpty();
    }

    @Test
    void schedules_with_the_same_hours_are_equal_however_they_are_written() {
        assertThat(new Schedule(Collections.nCopies(7, " 0-3  3-24 "))).isEqualTo(Schedule.ALWAYS);
    }

    @Test
    void what_is_no_schedule_is_refused_with_what_was_found() {
        assertThatThrownBy(() -> new Schedule(Collections.nCopies(7, "8-6")))
                .isInstanceOf(Settings.OutOfRange.class)
                .hasMessageContaining("8-6");
        assertThatThrownBy(() -> new Schedule(Collections.nCopies(7, "nights"))).hasMessageContaining("nights");
        assertThatThrownBy(() -> new Schedule(List.of("0-24"))).hasMessageContaining("found 1");
    }

    @Property(tries = 200)
    void switching_hours_changes_that_hour_alone(
            @ForAll @IntRange(min = 0, max = 23) int hour,
            @ForAll DayOfWeek day,
            @ForAll @IntRange(max = 0xffffff) int bits) {
        Schedule schedule = new Schedule(Collections.nCopies(7, ""));
        for (int i = 0; i < 24; i++) {
            schedule = schedule.with(day, i, (bits >> i & 1) != 0);
        }
        Schedule switched = schedule.with(day, hour, !schedule.allows(day, hour));
        for (DayOfWeek each : DayOfWeek.values()) {
            for (int i = 0; i < 24; i++) {
                boolean other = each == day && i == hour;
                assertThat(switched.allows(each, i)).isEqualTo(schedule.allows(each, i) != other);
            }
        }
    }
}
