package io.infergrid.app.ui.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.ui.Background;
import io.infergrid.app.ui.DemoRig;
import io.infergrid.app.ui.TestDesk;
import io.infergrid.app.ui.jobs.JobsModel.Filter;
import io.infergrid.app.ui.jobs.JobsModel.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobsControllerTest {

    @Test
    void stored_jobs_are_listed_newest_first_and_a_new_one_appears_by_itself() {
        var rig = DemoRig.working();
        var controller = new JobsController(new TestDesk(rig).desk(), false);
        controller.attach();
        assertThat(controller.model().jobs).hasSize(48);
        rig.jobs.addFirst(rig.job(99));
        rig.jobsRevision.set(1L);
        assertThat(controller.model().jobs).hasSize(49);
        assertThat(controller.model().count.get()).isEqualTo("49 jobs");
    }

    @Test
    void a_filter_shows_one_state_only_and_an_empty_answer_says_why() {
        var rig = DemoRig.working();
        var controller = new JobsController(new TestDesk(rig).desk(), false);
        controller.attach();
        controller.filter(Filter.FAILED);
        assertThat(controller.model().jobs)
                .isNotEmpty()
                .allMatch(job -> job.state().equals("failed"));
        controller.search("no such job");
        assertThat(controller.model().phase.get()).isEqualTo(Phase.NO_MATCH);
        rig.jobs.clear();
        controller.search("");
        controller.filter(Filter.ALL);
        assertThat(controller.model().phase.get()).isEqualTo(Phase.EMPTY);
    }

    @Test
    void a_broken_store_is_an_error_that_can_be_retried() {
        var rig = DemoRig.working();
        rig.storeBroken = true;
        var controller = new JobsController(new TestDesk(rig).desk(), false);
        controller.attach();
        assertThat(controller.model().phase.get()).isEqualTo(Phase.FAILED);
        assertThat(controller.model().failure.get()).contains("database is locked");
        rig.storeBroken = false;
        controller.ask();
        assertThat(controller.model().phase.get()).isEqualTo(Phase.FILLED);
    }

    @Test
    void an_answer_to_an_older_question_is_dropped() {
        var rig = DemoRig.working();
        var work = new ArrayDeque<Runnable>();
        var desk = new TestDesk(rig).desk(new Background(work::add, Runnable::run));
        var controller = new JobsController(desk, false);
        controller.search("failed");
        controller.search("");
        var older = work.removeFirst();
        work.removeFirst().run();
        older.run();
        assertThat(controller.model().jobs).hasSize(48);
    }

    @Test
    void the_job_that_a_chat_leads_to_is_chosen_with_its_windows() {
        var rig = DemoRig.working();
        var controller = new JobsController(new TestDesk(rig).desk(), false);
        controller.attach();
        controller.filter(Filter.FAILED);
        var wanted = rig.jobs.get(7);
        controller.choose(wanted.id());
        assertThat(controller.model().chosen.get()).isEqualTo(wanted);
        assertThat(controller.model().windows.get()).isNotEmpty();
        assertThat(controller.model().filter.get()).isEqualTo(Filter.ALL);
    }

    @Test
    void what_is_listed_can_be_taken_away_as_csv(@TempDir Path folder) throws IOException {
        var desk = new TestDesk(DemoRig.working());
        desk.saveTo = folder.resolve("jobs.csv");
        var controller = new JobsController(desk.desk(), false);
        controller.attach();
        controller.filter(Filter.FAILED);
        controller.export();
        var lines = Files.readAllLines(Objects.requireNonNull(desk.saveTo));
        assertThat(lines).hasSize(controller.model().jobs.size() + 1);
        assertThat(lines.getFirst()).startsWith("\"id\",\"started_at\",\"duration_ms\"");
        assertThat(desk.messages.getLast().text()).contains("jobs.csv");
    }

    @Test
    void a_file_that_cannot_be_written_is_said(@TempDir Path folder) {
        var desk = new TestDesk(DemoRig.working());
        desk.saveTo = folder.resolve("missing/jobs.csv");
        var controller = new JobsController(desk.desk(), false);
        controller.attach();
        controller.export();
        assertThat(desk.messages.getLast().text()).startsWith("The file could not be written:");
    }
}
