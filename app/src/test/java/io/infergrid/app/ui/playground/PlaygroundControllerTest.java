package io.infergrid.app.ui.playground;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.ui.Background;
import io.infergrid.app.ui.DemoRig;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.TestDesk;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

class PlaygroundControllerTest {

    private static PlaygroundController controller(Desk desk) {
        var now = new long[1];
        var controller = new PlaygroundController(desk, new Verbs(desk), () -> now[0] += 20_000_000, false);
        controller.attach();
        return controller;
    }

    @Test
    void an_answer_comes_with_its_stages_its_rate_and_its_job() {
        var controller = controller(new TestDesk(DemoRig.working()).desk());
        controller.ask("Tell me a story.");
        var model = controller.model();
        assertThat(model.turns).hasSize(2);
        assertThat(model.turns.get(1).text.get()).startsWith("Once upon a time");
        assertThat(model.turns.get(1).jobId.get()).startsWith("job-");
        assertThat(model.turns.get(1).footer.get()).contains("50.0 tok/s").endsWith("complete");
        assertThat(model.stages.get()).hasSize(3);
        assertThat(model.stages.get()).anyMatch(stage -> stage.share() == 1.0);
        assertThat(model.trace.get()).isNotEmpty().allMatch(token -> token.length == 3);
        assertThat(model.answering.get()).isFalse();
    }

    @Test
    void the_limit_of_tokens_is_kept_and_said() {
        var controller = controller(new TestDesk(DemoRig.working()).desk());
        controller.model().maxTokens.set(4);
        controller.ask("Tell me a story.");
        assertThat(controller.model().turns.get(1).footer.get())
                .startsWith("4 tokens")
                .endsWith("cut at the token limit");
    }

    @Test
    void stop_ends_the_answer_and_what_came_stays() {
        var work = new ArrayDeque<Runnable>();
        var controller = controller(new TestDesk(DemoRig.working()).desk(new Background(work::add, Runnable::run)));
        controller.ask("Tell me a story.");
        assertThat(controller.model().answering.get()).isTrue();
        controller.stop();
        work.remove().run();
        assertThat(controller.model().answering.get()).isFalse();
        assertThat(controller.model().turns.get(1).footer.get()).endsWith("stopped by you");
    }

    @Test
    void a_rig_that_does_not_run_answers_with_the_reason() {
        var controller = controller(new TestDesk(new DemoRig()).desk());
        controller.ask("Tell me a story.");
        assertThat(controller.model().ready.get()).isFalse();
        assertThat(controller.model().turns.get(1).tone.get()).isEqualTo(Tone.DANGER);
        assertThat(controller.model().turns.get(1).text.get())
                .isEqualTo("No answer: expected a running rig, found one that is stopped");
    }

    @Test
    void a_new_chat_forgets_the_old_one_even_while_it_is_answered() {
        var work = new ArrayDeque<Runnable>();
        var controller = controller(new TestDesk(DemoRig.working()).desk(new Background(work::add, Runnable::run)));
        controller.ask("Tell me a story.");
        controller.clear();
        work.remove().run();
        assertThat(controller.model().turns).isEmpty();
        assertThat(controller.model().trace.get()).isEmpty();
        assertThat(controller.model().answering.get()).isFalse();
    }
}
