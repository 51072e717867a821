package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import io.infergrid.app.device.DemoModel;
import io.infergrid.app.paths.Home;
import io.infergrid.app.rig.RigService;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TableView;
import javafx.scene.control.TextArea;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.util.WaitForAsyncUtils;

/**
 * Takes the pictures of {@code assets/screenshots} from the real thing: a new home, the real grid of worker processes with the
 * demo model, a real benchmark, real answers. Not part of the test run (its name is no test's); run it with
 * {@code mvn -pl app -am -Dtest=ScreenshotTour -Dsurefire.failIfNoSpecifiedTests=false test}.
 */
class ScreenshotTour {

    private static final Path TARGET = Path.of("..", "assets", "screenshots");
    private static final List<String> QUESTIONS = List.of(
            "Tell me a story about a fox and a kite.",
            "Write a short story about a brave little boat.",
            "Tell me about a girl who found a key.",
            "Tell me a story about an owl and the moon.",
            "What is a stage?");

    @Test
    void take_a_picture_of_every_screen_in_both_themes(@TempDir Path folder) throws IOException {
        Stages.startToolkit();
        var clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("ui-clock").daemon().factory());
        try (Rig rig = RigService.open(Home.under(folder), DemoModel.file(), Clock.systemUTC(), new SecureRandom())) {
            rig.change(settings -> settings.withTheme(Settings.Theme.LIGHT));
            var throughput = new Throughput(rig.tokensPerSecond());
            var _ = clock.scheduleAtFixedRate(throughput::sample, 1, 1, TimeUnit.SECONDS);
            var scene = Stages.onFx(() -> scene(rig, throughput));
            welcome(scene, rig);
            until("the rig runs", () -> rig.state().get() instanceof RigState.Running, 180);
            work(rig);
            places(scene, rig);
        } finally {
            clock.shutdownNow();
        }
    }

    private static Scene scene(Rig rig, Throughput throughput) {
        var shell = Stages.shell(rig, TestDesk.TEXTS, throughput);
        var scene = new Scene(shell.view(), 1280, 800);
        scene.setUserData(shell);
        shell.takeKeysOf(scene);
        var stage = new Stage();
        stage.setScene(scene);
        stage.show();
        return scene;
    }

    private void welcome(Scene scene, Rig rig) throws IOException {
        both(scene, rig, "welcome-1-what");
        press(scene, "#welcome-next");
        press(scene, "#welcome-measure");
        until(
                "tokens are measured",
                () -> Stages.onFx(() -> scene.getRoot().lookupAll(".figure-small").stream()
                        .anyMatch(node -> node instanceof Label label
                                && label.isVisible()
                                && !label.getText().isEmpty())),
                300);
        pause(2);
        both(scene, rig, "welcome-2-measuring");
        until("the benchmark ends", () -> !rig.benchmarks(1).isEmpty(), 300);
        pause(6);
        both(scene, rig, "welcome-2-device");
        press(scene, "#welcome-next");
        both(scene, rig, "welcome-3-limits");
        press(scene, "#welcome-next");
        both(scene, rig, "welcome-4-start");
        press(scene, "#welcome-start");
    }

    /** Some jobs and one more benchmark, so that the lists and the history have something to tell. */
    private static void work(Rig rig) {
        for (var i = 0; i < 14; i++) {
            var most = 30 + i * 13 % 70;
            var seen = new AtomicInteger();
            var cancelAt = i == 6 ? 12 : Integer.MAX_VALUE;
            rig.chat(
                    List.of(new Rig.ChatMessage("user", QUESTIONS.get(i % QUESTIONS.size()))),
                    new Rig.ChatOptions(most, 0.7f, 0.95f, i),
                    (text, hops) -> seen.incrementAndGet(),
                    () -> seen.get() >= cancelAt);
        }
        rig.benchmark(
                new Rig.BenchmarkListener() {
                    @Override
                    public void progress(String step, double fraction) {}

                    @Override
                    public void sample(String series, double seconds, double value) {}
                },
                () -> false);
        until("the rig runs again", () -> rig.state().get() instanceof RigState.Running, 60);
    }

    private void places(Scene scene, Rig rig) throws IOException {
        var shell = (Shell) scene.getUserData();
        go(shell, Place.PLAYGROUND);
        both(scene, rig, "playground-empty");
        Stages.onFx(() -> {
            ((TextArea) scene.lookup("#composer")).setText(QUESTIONS.getFirst());
            return true;
        });
        press(scene, "#send");
        until("the answer ends", () -> Stages.onFx(() -> !scene.lookup("#stop").isVisible()), 120);
        both(scene, rig, "playground");
        go(shell, Place.DASHBOARD);
        var stop = new AtomicBoolean();
        var talk = Thread.ofVirtual().start(() -> talk(rig, stop::get));
        pause(12);
        both(scene, rig, "dashboard");
        stop.set(true);
        Stages.join(talk);
        go(shell, Place.JOBS);
        until(
                "the jobs are there",
                () -> Stages.onFx(() -> !jobs(scene).getItems().isEmpty()),
                30);
        Stages.onFx(() -> {
            jobs(scene).getSelectionModel().select(1);
            return true;
        });
        pause(1);
        both(scene, rig, "jobs");
        go(shell, Place.SWARM);
        both(scene, rig, "swarm");
        go(shell, Place.BENCHMARK);
        pause(1);
        both(scene, rig, "benchmark");
        go(shell, Place.SETTINGS);
        both(scene, rig, "settings");
        rig.pause();
        go(shell, Place.DASHBOARD);
        pause(3);
        both(scene, rig, "dashboard-paused");
        assertThat(rig.state().get()).isInstanceOf(RigState.Paused.class);
    }

    /** Keeps the grid at work, so that the dashboard shows some. */
    private static void talk(Rig rig, BooleanSupplier stopped) {
        for (var seed = 100; !stopped.getAsBoolean(); seed++) {
            rig.chat(
                    List.of(new Rig.ChatMessage("user", QUESTIONS.get(seed % QUESTIONS.size()))),
                    new Rig.ChatOptions(150, 0.7f, 0.95f, seed),
                    (text, hops) -> {},
                    () -> false);
        }
    }

    private static TableView<?> jobs(Scene scene) {
        return (TableView<?>) scene.lookup("#jobs-table");
    }

    private static void go(Shell shell, Place place) {
        Stages.onFx(() -> {
            shell.open(place);
            return true;
        });
        pause(1);
    }

    private static void press(Scene scene, String button) {
        Stages.onFx(() -> {
            ((Button) scene.lookup(button)).fire();
            return true;
        });
        pause(1);
    }

    private static void both(Scene scene, Rig rig, String name) throws IOException {
        for (var theme : List.of(Settings.Theme.LIGHT, Settings.Theme.DARK)) {
            rig.change(settings -> settings.withTheme(theme));
            var file = theme.name().toLowerCase(Locale.ROOT);
            until(
                    "the theme is " + file,
                    () -> Stages.onFx(
                            () -> scene.getStylesheets().stream().anyMatch(sheet -> sheet.contains("tokens-" + file))),
                    10);
            WaitForAsyncUtils.waitForFxEvents();
            Stages.save(scene, TARGET.resolve(name + "-" + file + ".png"));
        }
    }

    /** Lets the window live for some seconds, as a user who looks at it does. */
    private static void pause(int seconds) {
        WaitForAsyncUtils.sleep(seconds, TimeUnit.SECONDS);
        WaitForAsyncUtils.waitForFxEvents();
    }

    private static void until(String what, BooleanSupplier condition, int seconds) {
        try {
            WaitForAsyncUtils.waitFor(seconds, TimeUnit.SECONDS, condition::getAsBoolean);
        } catch (Exception e) {
            throw new AssertionError("expected that " + what + " within " + seconds + " s, found that it does not", e);
        }
    }
}
