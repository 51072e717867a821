package io.infergrid.app.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.app.core.ChatException;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.core.Rig.ChatOptions;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import io.infergrid.app.device.DemoModel;
import io.infergrid.app.device.OneProcess;
import io.infergrid.app.paths.Home;
import io.infergrid.app.settings.SettingsFile;
import io.infergrid.app.store.Store;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.generate.Generation;
import io.infergrid.compute.generate.GenerationRequest;
import io.infergrid.compute.generate.TokenListener;
import io.infergrid.compute.sampling.SamplingParameters;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole local grid of separate worker processes, on the CPU, with the demo model. */
class RigServiceTest {

    private static final long LIMIT_SECONDS = 240;
    private static final List<ChatMessage> QUESTION = List.of(new ChatMessage("user", "Tell me a story about a fox."));

    @TempDir
    Path directory;

    private Home home;

    @BeforeEach
    void chooseTheCpu() {
        home = Home.under(directory).create();
        new SettingsFile(home.settings())
                .write(Settings.defaults()
                        .withBackend(Settings.BackendChoice.CPU)
                        .withGateway(true, 0));
    }

    private RigService open() throws Exception {
        return RigService.open(home, DemoModel.file(), Clock.systemUTC(), new SplittableRandom(3));
    }

    @Test
    void three_processes_say_what_one_says_even_after_one_of_them_is_killed() throws Exception {
        List<ProcessHandle> workers;
        try (RigService rig = open()) {
            assertThatThrownBy(this::open).isInstanceOf(RigService.AlreadyRunning.class);
            assertThatThrownBy(() -> ask(rig, 0))
                    .isInstanceOf(ChatException.class)
                    .hasMessageContaining("Not running");

            rig.start();
            await(rig.state(), RigState.Running.class::isInstance);
            workers = workers(ProcessHandle.current());
            assertThat(workers).hasSize(3);
            Rig.ChatResult greedy = ask(rig, 0);
            Rig.ChatResult drawn = ask(rig, 0.8f);
            assertThat(List.of(greedy.text(), drawn.text())).containsExactlyElementsOf(alone(0, 0.8f));

            // kill -9 of a worker: it is started again, and the answers stay the same
            workers.getFirst().destroyForcibly();
            await(
                    rig.notices(),
                    notices -> notices.stream().anyMatch(notice -> notice.text().contains("started again")));
            await(
                    rig.swarm(),
                    swarm -> swarm.pipeline().size() == 3
                            && swarm.pipeline().stream().allMatch(stage -> stage.alive())
                            && workers(ProcessHandle.current()).size() == 3);
            assertThat(askUntilAnswered(rig).text()).isEqualTo(greedy.text());

            // pausing frees the workers, and says so
            rig.pause();
            await(
                    rig.state(),
                    state -> state instanceof RigState.Paused paused
                            && paused.reasons().contains(new PauseReason.ByUser()));
            await(rig.swarm(), swarm -> swarm.pipeline().isEmpty());
            assertThatThrownBy(() -> ask(rig, 0)).hasMessageContaining("Paused by you");

            List<JobRecord> jobs = rig.jobs("finished", 10);
            assertThat(jobs).hasSizeGreaterThanOrEqualTo(3);
            assertThat(jobs).allSatisfy(job -> {
                assertThat(job.stages()).hasSize(3);
                assertThat(job.transcriptSha256()).hasSize(64);
                assertThat(rig.windows(job.id())).isNotEmpty();
            });
        }
        assertThat(workers).noneMatch(ProcessHandle::isAlive);
        assertThat(workers(ProcessHandle.current())).isEmpty();
    }

    /** The child: a rig that answers one question and reports it, and then goes on working. */
    static final class Victim {
        public static void main(String[] args) throws Exception {
            var rig = RigService.open(
                    Home.under(Path.of(args[0])), DemoModel.file(), Clock.systemUTC(), new SplittableRandom(3));
            rig.start();
            await(rig.state(), RigState.Running.class::isInstance);
            workers(ProcessHandle.current()).forEach(worker -> System.out.println("worker " + worker.pid()));
            for (int i = 0; ; i++) {
                System.out.println("finished " + ask(rig, i).jobId());
            }
        }
    }

    @Test
    void kill_9_of_the_whole_rig_leaves_no_worker_behind_and_every_finished_job_in_the_database() throws Exception {
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var workers = new ArrayList<ProcessHandle>();
        var finished = new HashSet<String>();
        try (BufferedReader lines = victim.inputReader()) {
            for (String line; finished.size() < 2 && (line = lines.readLine()) != null; ) {
                if (line.startsWith("worker ")) {
                    ProcessHandle.of(Long.parseLong(line.substring("worker ".length())))
                            .ifPresent(workers::add);
                } else {
                    finished.add(line.substring("finished ".length()));
                }
            }
        } finally {
            victim.toHandle().destroyForcibly();
        }
        assertThat(workers).hasSize(3);
        for (ProcessHandle worker : workers) {
            worker.onExit().get(30, TimeUnit.SECONDS);
        }
        victim.waitFor();
        try (Store store = Store.open(home.database(), Clock.systemUTC())) {
            assertThat(store.recovery()).isEmpty();
            assertThat(store.jobs("finished", 100).stream().map(JobRecord::id)).containsAll(finished);
            assertThat(store.jobs("running", 100)).isEmpty();
        }
    }

    // ---- fixtures

    private static List<ProcessHandle> workers(ProcessHandle parent) {
        return parent.children().filter(ProcessHandle::isAlive).toList();
    }

    private static Rig.ChatResult ask(Rig rig, float temperature) {
        return rig.chat(QUESTION, new ChatOptions(40, temperature, 0.95f, 11), (text, hops) -> {}, () -> false);
    }

    /** The gateway may see the lost stage a moment longer than the swarm's view does. */
    private static Rig.ChatResult askUntilAnswered(Rig rig) {
        for (int i = 0; ; i++) {
            try {
                return ask(rig, 0);
            } catch (ChatException e) {
                if (i == 5) {
                    throw e;
                }
            }
        }
    }

    private static List<String> alone(float... temperatures) {
        var texts = new ArrayList<String>();
        try (var cpu = new CpuBackend();
                OneProcess alone = OneProcess.load(DemoModel.file(), cpu)) {
            for (float temperature : temperatures) {
                Generation answer = alone.generate(
                        GenerationRequest.ofTokens(
                                alone.text().tokenizer(), alone.text().chat(QUESTION), 40),
                        SamplingParameters.of(temperature, 0, 0.95f, 11),
                        TokenListener.NONE,
                        () -> false);
                texts.add(answer.text());
            }
        }
        return texts;
    }

    private static <T> void await(Observable<T> value, Predicate<T> condition) throws Exception {
        var met = new CompletableFuture<T>();
        try (Observable.Pin pin = value.observe(now -> {
            if (condition.test(now)) {
                met.complete(now);
            }
        })) {
            met.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("not within " + LIMIT_SECONDS + " s; now " + value.get(), e);
        }
    }
}
