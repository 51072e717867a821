package io.infergrid.app.care;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Schedule;
import io.infergrid.app.core.Telemetry;
import io.infergrid.app.state.RigStateMachine;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class YieldingTest {

    private static final LocalDateTime NOON = LocalDateTime.of(2026, 12, 1, 12, 0);

    private final Yielding yielding = new Yielding();

    private static Telemetry card(OptionalInt celsius, OptionalInt watts) {
        return new Telemetry(
                "card",
                celsius,
                watts,
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    private static Reading hot(int celsius) {
        return reading(
                Optional.empty(), Set.of(), OptionalInt.empty(), card(OptionalInt.of(celsius), OptionalInt.empty()));
    }

    private static Reading reading(
            Optional<String> fullScreen, Set<String> programs, OptionalInt others, Telemetry telemetry) {
        return new Reading(fullScreen, programs, Optional.empty(), Reading.Power.MAINS, others, telemetry);
    }

    private List<PauseReason> now(Reading reading, Limits limits) {
        return yielding.reasons(reading, limits, NOON, false);
    }

    @Test
    void what_is_unknown_holds_nothing_back() {
        assertThat(now(Reading.NOTHING, Limits.DEFAULT)).isEmpty();
    }

    @Test
    void a_program_that_fills_the_screen_pauses_the_rig_unless_the_owner_switched_that_off() {
        var game = reading(Optional.of("quake"), Set.of("quake"), OptionalInt.empty(), Telemetry.UNKNOWN);
        assertThat(now(game, Limits.DEFAULT)).containsExactly(new PauseReason.GameRunning("quake"));
        assertThat(now(game, Limits.DEFAULT.but(limits -> limits.games = false)))
                .isEmpty();
    }

    @Test
    void an_exclusive_program_pauses_the_rig_however_its_executable_is_written() {
        var limits = Limits.DEFAULT.but(draft -> {
            draft.games = false;
            draft.exclusivePrograms = List.of("C:\\Tools\\Blender.EXE");
        });
        var blender = reading(Optional.empty(), Set.of("blender", "bash"), OptionalInt.empty(), Telemetry.UNKNOWN);
        assertThat(now(blender, limits)).containsExactly(new PauseReason.GameRunning("C:\\Tools\\Blender.EXE"));
    }

    @Test
    void others_on_the_card_must_be_seen_several_times_in_a_row() {
        var busy = reading(Optional.empty(), Set.of(), OptionalInt.of(80), Telemetry.UNKNOWN);
        for (int look = 1; look < Yielding.BUSY_LOOKS; look++) {
            assertThat(now(busy, Limits.DEFAULT)).isEmpty();
        }
        assertThat(now(busy, Limits.DEFAULT)).containsExactly(new PauseReason.GpuBusyWithOthers());
        assertThat(now(Reading.NOTHING, Limits.DEFAULT)).isEmpty();
    }

    @Test
    void a_hot_card_rests_until_it_is_well_below_its_limit() {
        assertThat(now(hot(83), Limits.DEFAULT)).isEmpty();
        assertThat(now(hot(84), Limits.DEFAULT)).containsExactly(new PauseReason.TooHot(84, 84));
        assertThat(now(hot(80), Limits.DEFAULT)).isNotEmpty();
        assertThat(now(hot(79), Limits.DEFAULT)).isEmpty();
        assertThat(now(hot(83), Limits.DEFAULT)).isEmpty();
    }

    @Test
    void power_counts_by_its_mean_over_a_minute_and_only_when_slowing_down_did_not_help() {
        var limits = Limits.DEFAULT.but(draft -> draft.maxWatts = 200);
        var drawing = reading(
                Optional.empty(), Set.of(), OptionalInt.empty(), card(OptionalInt.empty(), OptionalInt.of(260)));
        for (int second = 0; second < 60; second++) {
            assertThat(yielding.reasons(drawing, limits, NOON.plusSeconds(second), false))
                    .isEmpty();
        }
        assertThat(yielding.reasons(drawing, limits, NOON.plusSeconds(60), true))
                .containsExactly(new PauseReason.PowerLimit());
        var resting =
                reading(Optional.empty(), Set.of(), OptionalInt.empty(), card(OptionalInt.empty(), OptionalInt.of(20)));
        assertThat(yielding.reasons(resting, limits, NOON.plusSeconds(61), true))
                .isNotEmpty();
        assertThat(yielding.reasons(resting, limits, NOON.plusSeconds(140), true))
                .isEmpty();
    }

    @Test
    void someone_at_the_computer_battery_and_schedule_pause_the_rig_as_the_owner_said() {
        var touched = new Reading(
                Optional.empty(),
                Set.of(),
                Optional.of(Duration.ofMinutes(4)),
                Reading.Power.BATTERY,
                OptionalInt.empty(),
                Telemetry.UNKNOWN);
        var limits = Limits.DEFAULT.but(draft -> {
            draft.idleMinutes = 5;
            draft.schedule = new Schedule(Collections.nCopies(7, "22-24"));
        });
        assertThat(now(touched, limits))
                .containsExactly(
                        new PauseReason.UserActive(),
                        new PauseReason.OnBattery(),
                        new PauseReason.OutsideSchedule("Tuesday, 22:00"));
        assertThat(now(touched, Limits.DEFAULT.but(draft -> draft.onBattery = true)))
                .isEmpty();
    }

    // ---- the law, with everything together

    @Provide
    Arbitrary<List<Reading>> readings() {
        var telemetry = Combinators.combine(
                        Arbitraries.integers().between(30, 100).optional(),
                        Arbitraries.integers().between(10, 400).optional())
                .as((celsius, watts) -> card(
                        celsius.map(OptionalInt::of).orElse(OptionalInt.empty()),
                        watts.map(OptionalInt::of).orElse(OptionalInt.empty())));
        return Combinators.combine(
                        Arbitraries.of("quake", "tetris").optional(0.3),
                        Arbitraries.of("blender", "bash").set().ofMaxSize(2),
                        Arbitraries.integers()
                                .between(0, 30)
                                .map(Duration::ofMinutes)
                                .optional(),
                        Arbitraries.of(Reading.Power.class),
                        Arbitraries.integers().between(0, 100).optional(),
                        telemetry)
                .as((fullScreen, programs, idle, power, others, card) -> new Reading(
                        fullScreen,
                        programs,
                        idle,
                        power,
                        others.map(OptionalInt::of).orElse(OptionalInt.empty()),
                        card))
                .list()
                .ofMaxSize(40);
    }

    @Property(tries = 500)
    void a_rig_never_runs_while_what_it_sees_holds_it_back(@ForAll("readings") List<Reading> readings) {
        var time = new Steps();
        var rig = new RigStateMachine(time);
        rig.start();
        rig.up("Serving.");
        var limits = Limits.DEFAULT.but(draft -> {
            draft.idleMinutes = 10;
            draft.maxWatts = 150;
            draft.exclusivePrograms = List.of("blender");
        });
        int[] duty = {-1};
        var last = new java.util.ArrayList<PauseReason>();
        var care = new Care(
                Sensors::none,
                () -> limits,
                time,
                new Care.Listener() {
                    @Override
                    public void holds(PauseReason reason) {
                        rig.block(reason);
                        last.add(reason);
                    }

                    @Override
                    public void gone(Class<? extends PauseReason> kind) {
                        rig.unblock(kind);
                    }
                },
                percent -> duty[0] = percent);
        for (Reading reading : readings) {
            last.clear();
            care.look(new Fixed(reading));
            rig.tick();
            assertThat(duty[0]).isBetween(Limits.LEAST_DUTY_PERCENT, 100);
            boolean plainly = reading.fullScreen().isPresent()
                    || reading.programs().contains("blender")
                    || reading.power() == Reading.Power.BATTERY
                    || reading.telemetry().celsius().orElse(0) >= limits.maxCelsius();
            assertThat(last.isEmpty() && plainly).isFalse();
            if (!last.isEmpty()) {
                assertThat(rig.state().get()).isNotInstanceOf(RigState.Running.class);
                assertThat(rig.takesSessions()).isFalse();
            }
            time.now = time.now.plusSeconds(20);
        }
        for (int minute = 0; minute < 7; minute++) {
            care.look(new Fixed(Reading.NOTHING));
            rig.tick();
            time.now = time.now.plusSeconds(60);
        }
        assertThat(rig.state().get()).as("it goes on by itself").isInstanceOf(RigState.Running.class);
    }

    private record Fixed(Reading look) implements Sensors {
        @Override
        public List<io.infergrid.app.core.Rig.Ability> abilities() {
            return List.of();
        }

        @Override
        public void close() {}
    }

    private static final class Steps extends Clock {
        Instant now = Instant.parse("2026-12-01T12:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }
    }
}
