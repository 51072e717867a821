package io.infergrid.app.care;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.Telemetry;
import java.util.OptionalInt;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DutyControlTest {

    private static Telemetry drawing(int celsius, int watts) {
        return new Telemetry(
                "card",
                OptionalInt.of(celsius),
                OptionalInt.of(watts),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    @Property
    void a_card_settles_at_or_below_its_limit_of_power(
            @ForAll @IntRange(min = 60, max = 450) int full, @ForAll @IntRange(min = 40, max = 300) int limit) {
        var control = new DutyControl();
        var limits = Limits.DEFAULT.but(draft -> draft.maxWatts = limit);
        int idle = 15;
        int duty = 100;
        int watts = full;
        for (int i = 0; i < 200; i++) {
            duty = control.next(drawing(50, watts), limits);
            watts = idle + (full - idle) * duty / 100;
        }
        int least = idle + (full - idle) * Limits.LEAST_DUTY_PERCENT / 100;
        assertThat(watts <= limit * 1.04 + 1 || control.atLeast() && least > limit)
                .as("%s W of %s at %s %%", watts, limit, duty)
                .isTrue();
        assertThat(duty == 100 || watts > 0.8 * limit || control.atLeast())
                .as("no more than needed: %s W of %s at %s %%", watts, limit, duty)
                .isTrue();
    }

    @Test
    void a_warm_card_is_slowed_before_it_is_stopped() {
        var control = new DutyControl();
        assertThat(control.next(drawing(60, 100), Limits.DEFAULT)).isEqualTo(100);
        assertThat(control.next(drawing(83, 100), Limits.DEFAULT)).isLessThan(100);
    }

    @Test
    void the_owners_duty_is_never_exceeded() {
        var limits = Limits.DEFAULT.but(draft -> draft.dutyPercent = 40);
        assertThat(new DutyControl().next(Telemetry.UNKNOWN, limits)).isEqualTo(40);
    }
}
