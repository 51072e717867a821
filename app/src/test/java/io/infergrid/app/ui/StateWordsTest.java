package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import java.util.List;
import java.util.Locale;
import java.util.ResourceBundle;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StateWordsTest {

    private static final Texts ENGLISH =
            new Texts(ResourceBundle.getBundle("io.infergrid.app.ui.strings", Locale.ROOT), Locale.ROOT);

    private static final List<PauseReason> REASONS = List.of(
            new PauseReason.ByUser(),
            new PauseReason.GameRunning("A Game's {0} Launcher"),
            new PauseReason.GpuBusyWithOthers(),
            new PauseReason.UserActive(),
            new PauseReason.OnBattery(),
            new PauseReason.TooHot(91, 83),
            new PauseReason.PowerLimit(),
            new PauseReason.OutsideSchedule("22:00"),
            new PauseReason.BelowPriceFloor(),
            new PauseReason.NoNetwork(),
            new PauseReason.DiskFull("/home/me/{1}"),
            new PauseReason.BenchmarkRunning(),
            new PauseReason.UpdatePending(),
            new PauseReason.RepeatedFailure("worker-1 ended again."));

    @Test
    void in_english_the_window_says_what_command_line_and_api_say() {
        assertThat(REASONS).hasSize(PauseReason.class.getPermittedSubclasses().length);
        assertThat(REASONS).allSatisfy(reason -> {
            assertThat(StateWords.sentence(ENGLISH, reason)).isEqualTo(reason.sentence());
            assertThat(StateWords.endsWhen(ENGLISH, reason)).isEqualTo(reason.endsWhen());
        });
        assertThat(Stream.of(
                        new RigState.Idle(),
                        new RigState.Starting("Starting 3 workers."),
                        new RigState.Running("Serving."),
                        new RigState.Finishing(0),
                        new RigState.Finishing(1),
                        new RigState.Finishing(7),
                        new RigState.Paused(REASONS)))
                .allSatisfy(
                        state -> assertThat(StateWords.sentence(ENGLISH, state)).isEqualTo(state.sentence()));
    }
}
