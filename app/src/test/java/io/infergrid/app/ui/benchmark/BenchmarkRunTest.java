package io.infergrid.app.ui.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.ui.Background;
import io.infergrid.app.ui.DemoRig;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.TestDesk;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

class BenchmarkRunTest {

    @Test
    void a_run_grows_its_plot_and_is_the_newest_of_the_history() {
        var rig = new DemoRig();
        var desk = new TestDesk(rig);
        var run = new BenchmarkRun(desk.desk());
        run.start();
        assertThat(run.model().running.get()).isFalse();
        assertThat(run.model().fraction.get()).isEqualTo(1.0);
        assertThat(run.model().live.get().key()).isEqualTo("demo.decode.tokensPerSecond");
        assertThat(run.model().live.get().values()).hasSize(21);
        assertThat(run.model().records.get()).hasSize(1);
        assertThat(desk.messages.getLast().text()).isEqualTo("Benchmark finished and stored.");
    }

    @Test
    void a_cancelled_run_says_so() {
        var desk = new TestDesk(new DemoRig());
        var work = new ArrayDeque<Runnable>();
        var run = new BenchmarkRun(desk.desk(new Background(work::add, Runnable::run)));
        run.start();
        run.cancel();
        assertThat(run.model().running.get()).isTrue();
        work.remove().run();
        assertThat(run.model().running.get()).isFalse();
        assertThat(desk.messages.getLast().text()).isEqualTo("Benchmark cancelled.");
    }

    @Test
    void runs_that_cannot_be_read_are_an_error_on_the_screen() {
        var rig = DemoRig.working();
        rig.storeBroken = true;
        var run = new BenchmarkRun(new TestDesk(rig).desk());
        run.load();
        assertThat(run.model().failure.get()).contains("database is locked");
        rig.storeBroken = false;
        run.load();
        assertThat(run.model().failure.get()).isEmpty();
        assertThat(run.model().records.get()).hasSize(6);
    }

    @Test
    void figures_have_names_and_units_and_an_unknown_one_keeps_its_key() {
        var words = new FigureWords(TestDesk.TEXTS, new Formats(TestDesk.TEXTS, ZoneOffset.UTC));
        assertThat(words.name("memory.read.GBps")).isEqualTo("Memory, read");
        assertThat(words.unit("memory.read.GBps")).isEqualTo("GB/s");
        assertThat(words.name("quantum.flux.furlongs")).isEqualTo("quantum flux");
        assertThat(words.unit("quantum.flux.furlongs")).isEqualTo("furlongs");
    }

    @Test
    void the_history_can_be_taken_away_as_csv() {
        var csv = BenchmarkController.csv(DemoRig.working().benchmarks);
        assertThat(csv.lines().count()).isEqualTo(7);
        assertThat(csv)
                .startsWith("\"id\",\"started_at\",\"device\",\"backend\",\"conformant\",\"conformance_digest\"");
    }
}
