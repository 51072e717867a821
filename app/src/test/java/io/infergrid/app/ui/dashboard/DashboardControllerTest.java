package io.infergrid.app.ui.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import io.infergrid.app.ui.DemoRig;
import io.infergrid.app.ui.TestDesk;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import java.util.List;
import org.junit.jupiter.api.Test;

class DashboardControllerTest {

    private DashboardModel seen(DemoRig rig) {
        var desk = new TestDesk(rig).desk();
        var controller = new DashboardController(desk, new Verbs(desk), false);
        controller.attach();
        return controller.model();
    }

    @Test
    void a_stopped_rig_says_that_it_is_stopped_and_how_to_start_it() {
        var model = seen(new DemoRig());
        assertThat(model.sentence.get()).isEqualTo("Not running. Press Start to join the grid.");
        assertThat(model.checksTitle.get()).isEqualTo("Why am I not working?");
        assertThat(model.checks.get().getFirst().text()).isEqualTo("The rig is stopped.");
        assertThat(model.stages.get()).isEmpty();
        assertThat(model.jobs.get()).isEmpty();
    }

    @Test
    void every_pause_reason_that_holds_is_named_with_what_ends_it() {
        var rig = DemoRig.working();
        rig.state.set(
                new RigState.Paused(List.of(new PauseReason.GameRunning("Factorio"), new PauseReason.TooHot(88, 83))));
        var model = seen(rig);
        assertThat(model.sentence.get()).isEqualTo("Factorio is running.");
        assertThat(model.hint.get()).isEqualTo("Goes on a few minutes after it is closed.");
        assertThat(model.checks.get())
                .extracting(DashboardModel.Check::text)
                .contains("Factorio is running.", "The GPU is at 88 °C, above your limit of 83 °C.");
    }

    @Test
    void a_working_rig_shows_its_pipeline_and_its_latest_jobs() {
        var model = seen(DemoRig.working());
        assertThat(model.tone.get()).isEqualTo(Tone.SUCCESS);
        assertThat(model.stages.get()).hasSize(3);
        assertThat(model.stages.get().get(2).share()).isEqualTo(1.0);
        assertThat(model.jobs.get()).hasSize(5);
        assertThat(model.checks.get()).allMatch(check -> check.tone() == Tone.SUCCESS);
    }

    @Test
    void a_lost_stage_is_the_thing_that_is_named() {
        var rig = DemoRig.working();
        rig.swarm.update(swarm -> {
            var stages = new java.util.ArrayList<>(swarm.pipeline());
            var lost = stages.get(1);
            stages.set(
                    1,
                    new io.infergrid.app.core.SwarmView.StageView(
                            1,
                            lost.firstBlock(),
                            lost.endBlock(),
                            lost.peerId(),
                            lost.device(),
                            lost.stepTime(),
                            false));
            return new io.infergrid.app.core.SwarmView(
                    swarm.ownPeerId(),
                    swarm.addresses(),
                    swarm.peers(),
                    swarm.transfers(),
                    swarm.model(),
                    swarm.modelBlocks(),
                    stages);
        });
        var model = seen(rig);
        assertThat(model.stages.get().get(1).badge()).isEqualTo("Lost");
        assertThat(model.checks.get().getLast().tone()).isEqualTo(Tone.DANGER);
    }

    @Test
    void a_store_that_cannot_be_read_is_said_in_place_of_the_jobs() {
        var rig = DemoRig.working();
        rig.storeBroken = true;
        var model = seen(rig);
        assertThat(model.jobs.get()).isEmpty();
        assertThat(model.jobsFailure.get()).isEqualTo("The jobs could not be read: database is locked");
    }

    @Test
    void a_dashboard_out_of_sight_follows_nothing() {
        var rig = DemoRig.working();
        var desk = new TestDesk(rig).desk();
        var controller = new DashboardController(desk, new Verbs(desk), false);
        controller.attach();
        controller.detach();
        rig.pause();
        assertThat(controller.model().tone.get()).isEqualTo(Tone.SUCCESS);
    }
}
