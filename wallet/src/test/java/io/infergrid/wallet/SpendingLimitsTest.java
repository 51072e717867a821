package io.infergrid.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpendingLimitsTest {

    private static final Instant NOON = Instant.parse("2026-12-01T12:00:00Z");
    private static final SpendingLimits LIMITS = new SpendingLimits(Amount.parse("10"), Amount.parse("25"));

    @Test
    void one_transaction_and_one_day_are_bounded() {
        var morning = new SpendingLimits.Spent(NOON.minus(Duration.ofHours(3)), Amount.parse("18"));
        var yesterday = new SpendingLimits.Spent(NOON.minus(Duration.ofHours(25)), Amount.parse("25"));
        assertThat(LIMITS.objection(Amount.parse("10"), List.of(yesterday), NOON))
                .isEmpty();
        assertThat(LIMITS.objection(Amount.parse("10.1"), List.of(), NOON).orElseThrow())
                .contains("at most 10 at once");
        assertThat(LIMITS.objection(Amount.parse("8"), List.of(morning), NOON).orElseThrow())
                .contains("18 were spent already");
        assertThat(LIMITS.objection(Amount.parse("7"), List.of(morning, yesterday), NOON))
                .isEmpty();
    }

    @Test
    void a_raised_limit_counts_after_a_day_and_a_lowered_one_at_once() {
        var asked = new SpendingLimits(Amount.parse("100"), Amount.parse("20"));
        assertThat(asked.effective(LIMITS, NOON, NOON.plusSeconds(60)))
                .isEqualTo(new SpendingLimits(Amount.parse("10"), Amount.parse("20")));
        assertThat(asked.effective(LIMITS, NOON, NOON.plus(Duration.ofDays(1)))).isEqualTo(asked);
    }
}
