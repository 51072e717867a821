package io.infergrid.app.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class RigStateMachineTest {

    private static final List<PauseReason> REASONS = List.of(
            new PauseReason.ByUser(),
            new PauseReason.GameRunning("Quake"),
            new PauseReason.GpuBusyWithOthers(),
            new PauseReason.UserActive(),
            new PauseReason.OnBattery(),
            new PauseReason.TooHot(91, 85),
            new PauseReason.PowerLimit(),
            new PauseReason.OutsideSchedule("22:00"),
            new PauseReason.BelowPriceFloor(),
            new PauseReason.NoNetwork(),
            new PauseReason.DiskFull("/data"),
            new PauseReason.BenchmarkRunning(),
            new PauseReason.UpdatePending(),
            new PauseReason.RepeatedFailure("no worker came up"));

    private final SteppedClock clock = new SteppedClock();
    private final RigStateMachine machine = new RigStateMachine(clock);

    // ---- the law, for any order of anything

    private sealed interface Step {
        record Verb(int which) implements Step {}

        record Block(PauseReason reason) implements Step {}

        record Unblock(PauseReason reason) implements Step {}

        record Report(int which, int sessions) implements Step {}

        record Wait(int minutes) implements Step {}
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Step> verb = Arbitraries.integers().between(0, 2).map(Step.Verb::new);
        Arbitrary<Step> block = Arbitraries.of(REASONS).map(Step.Block::new);
        Arbitrary<Step> unblock = Arbitraries.of(REASONS).map(Step.Unblock::new);
        Arbitrary<Step> report = Arbitraries.integers()
                .between(0, 3)
                .flatMap(which -> Arbitraries.integers().between(0, 2).map(n -> (Step) new Step.Report(which, n)));
        Arbitrary<Step> pass = Arbitraries.integers().between(0, 6).map(Step.Wait::new);
        return Arbitraries.oneOf(verb, block, unblock, report, pass).list().ofMaxSize(60);
    }

    @Property(tries = 2000)
    void it_never_runs_while_a_reason_holds_and_always_says_why(@ForAll("steps") List<Step> steps) {
        var time = new SteppedClock();
        var rig = new RigStateMachine(time);
        // the model: reasons that hold for certain, whatever the quiet periods do to the others
        Set<Class<?>> holding = new HashSet<>();
        for (Step step : steps) {
            switch (step) {
                case Step.Verb(int which) -> {
                    switch (which) {
                        case 0 -> {
                            rig.start();
                            holding.remove(PauseReason.ByUser.class);
                            holding.remove(PauseReason.RepeatedFailure.class);
                        }
                        case 1 -> {
                            boolean stopped = rig.state().get() instanceof RigState.Idle;
                            rig.pause();
                            if (!stopped) {
                                holding.add(PauseReason.ByUser.class);
                            }
                        }
                        default -> rig.finishThenStop();
                    }
                }
                case Step.Block(PauseReason reason) -> {
                    rig.block(reason);
                    holding.add(reason.getClass());
                }
                case Step.Unblock(PauseReason reason) -> {
                    rig.unblock(reason.getClass());
                    holding.remove(reason.getClass());
                }
                case Step.Report(int which, int sessions) -> {
                    switch (which) {
                        case 0 -> rig.starting("Fetching shards.");
                        case 1 -> rig.up("Serving.");
                        case 2 -> rig.down();
                        default -> rig.sessions(sessions);
                    }
                }
                case Step.Wait(int minutes) -> {
                    time.pass(Duration.ofMinutes(minutes));
                    rig.tick();
                }
            }
            RigState now = rig.state().get();
            assertThat(now.sentence()).isNotBlank();
            if (!holding.isEmpty()) {
                assertThat(now).isNotInstanceOf(RigState.Running.class);
                assertThat(rig.takesSessions()).isFalse();
            }
            if (now instanceof RigState.Running) {
                assertThat(rig.wantsWork()).isTrue();
            }
            if (now instanceof RigState.Paused paused) {
                assertThat(paused.reasons()).allSatisfy(reason -> {
                    assertThat(reason.sentence()).isNotBlank();
                    assertThat(reason.endsWhen()).isNotBlank();
                });
                assertThat(paused.reasons().stream()
                                .<Class<?>>map(Object::getClass)
                                .toList())
                        .doesNotHaveDuplicates()
                        .containsAll(holding);
            }
        }
    }

    // ---- resume rules

    @Test
    void after_a_game_the_rig_goes_on_five_quiet_minutes_later_and_not_before() {
        running();
        machine.block(new PauseReason.GameRunning("Quake"));
        machine.unblock(PauseReason.GameRunning.class);
        pass(Duration.ofMinutes(4).plusSeconds(59));
        assertThat(machine.state().get()).isInstanceOf(RigState.Paused.class);
        pass(Duration.ofSeconds(1));
        assertThat(machine.state().get()).isInstanceOf(RigState.Running.class);
    }

    @Test
    void a_game_that_starts_again_begins_the_quiet_period_anew() {
        running();
        machine.block(new PauseReason.GameRunning("Quake"));
        machine.unblock(PauseReason.GameRunning.class);
        pass(Duration.ofMinutes(4));
        machine.block(new PauseReason.GameRunning("Quake"));
        machine.unblock(PauseReason.GameRunning.class);
        pass(Duration.ofMinutes(4));
        assertThat(machine.state().get()).isInstanceOf(RigState.Paused.class);
    }

    @Test
    void what_the_user_paused_only_the_user_starts() {
        running();
        machine.pause();
        machine.block(new PauseReason.OnBattery());
        machine.unblock(PauseReason.OnBattery.class);
        pass(Duration.ofDays(1));
        assertThat(machine.state().get()).isEqualTo(new RigState.Paused(List.of(new PauseReason.ByUser())));
        machine.start();
        assertThat(machine.state().get()).isInstanceOf(RigState.Running.class);
    }

    @Test
    void start_does_not_override_a_reason_that_still_holds() {
        machine.block(new PauseReason.OnBattery());
        machine.start();
        machine.up("Serving.");
        assertThat(machine.state().get()).isEqualTo(new RigState.Paused(List.of(new PauseReason.OnBattery())));
        assertThat(machine.wantsWork()).isFalse();
    }

    @Test
    void finishing_ends_with_the_last_session_in_hand() {
        running();
        machine.sessions(2);
        machine.finishThenStop();
        assertThat(machine.state().get()).isEqualTo(new RigState.Finishing(2));
        assertThat(machine.takesSessions()).isFalse();
        assertThat(machine.wantsWork()).isTrue();
        machine.sessions(1);
        machine.sessions(0);
        assertThat(machine.state().get()).isInstanceOf(RigState.Idle.class);
        assertThat(machine.wantsWork()).isFalse();
    }

    @Test
    void pause_before_the_first_start_changes_nothing() {
        machine.pause();
        assertThat(machine.state().get()).isInstanceOf(RigState.Idle.class);
    }

    private void running() {
        machine.start();
        machine.up("Serving.");
        assertThat(machine.state().get()).isInstanceOf(RigState.Running.class);
    }

    private void pass(Duration time) {
        clock.pass(time);
        machine.tick();
    }

    private static final class SteppedClock extends Clock {
        private Instant now = Instant.parse("2026-11-21T12:00:00Z");

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
