package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {

    @Test
    void submissions_of_a_fast_card_grow_until_they_take_between_25_and_50_milliseconds() {
        var pace = new Pace(true);
        double perSecond = 4e12;
        for (int i = 0; i < 20; i++) {
            pace.saw(pace.mostWork(), (long) (pace.mostWork() / perSecond * 1e9));
        }
        assertThat(pace.mostWork() / perSecond).isBetween(0.024, 0.05);
    }

    @Test
    void one_slow_submission_shortens_the_next() {
        var pace = new Pace(true);
        long before = pace.mostWork();
        pace.saw(before, 500_000_000);
        assertThat(pace.mostWork()).isLessThan(before / 4);
    }

    @Test
    void submissions_with_little_work_say_nothing() {
        var pace = new Pace(true);
        long before = pace.mostWork();
        pace.saw(1000, 1_000_000_000);
        assertThat(pace.mostWork()).isEqualTo(before);
    }

    @Test
    void a_driver_on_the_processor_is_not_limited() {
        assertThat(new Pace(false).mostWork()).isEqualTo(Long.MAX_VALUE);
    }
}
