package io.infergrid.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.Notice;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.Scene;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.Labeled;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.Region;
import javafx.stage.Stage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

/** The window on JavaFX's headless platform, driven by the keyboard where a user would. */
class ShellTest {

    private static final Pattern WORD = Pattern.compile("\\p{L}{2,}");

    /** Width and height of the headless platform's one screen: a larger scene is laid out without a window. */
    private static final int SCREEN = 1000;

    private final FxRobot robot = new FxRobot();
    private final List<Stage> stages = new ArrayList<>();

    @BeforeAll
    static void startToolkit() {
        Stages.startToolkit();
    }

    @AfterEach
    void closeWindows() {
        stages.forEach(stage -> Stages.onFx(() -> {
            stage.hide();
            return true;
        }));
    }

    private Scene open(DemoRig rig, Texts texts, double width, double height) {
        var scene = Stages.onFx(() -> {
            var shell = Stages.shell(rig, texts, new Throughput(rig.tokensPerSecond));
            var next = new Scene(shell.view(), width, height);
            next.setUserData(shell);
            shell.takeKeysOf(next);
            if (width <= SCREEN && height <= SCREEN) {
                var stage = new Stage();
                stage.setScene(next);
                stage.show();
                stage.requestFocus();
                stages.add(stage);
            } else {
                next.getRoot().applyCss();
                next.getRoot().layout();
            }
            return next;
        });
        WaitForAsyncUtils.waitForFxEvents();
        return scene;
    }

    private Scene open(DemoRig rig) {
        return open(rig, TestDesk.TEXTS, 1000, 700);
    }

    private static Shell shellOf(Scene scene) {
        return (Shell) scene.getUserData();
    }

    private static void go(Scene scene, Place place) {
        Stages.onFx(() -> {
            shellOf(scene).open(place);
            return true;
        });
        WaitForAsyncUtils.waitForFxEvents();
    }

    private static void until(BooleanSupplier condition) {
        try {
            WaitForAsyncUtils.waitFor(20, TimeUnit.SECONDS, () -> Stages.onFx(condition::getAsBoolean));
        } catch (Exception e) {
            throw new AssertionError("expected a change within 20 s, found none", e);
        }
        WaitForAsyncUtils.waitForFxEvents();
    }

    private static boolean says(Scene scene, String words) {
        return nodes(scene.getRoot()).stream()
                .anyMatch(node -> node instanceof Labeled labeled
                        && seen(node)
                        && labeled.getText() != null
                        && labeled.getText().contains(words));
    }

    private static List<Node> nodes(Parent parent) {
        var all = new ArrayList<Node>();
        for (var child : parent.getChildrenUnmodifiable()) {
            all.add(child);
            if (child instanceof Parent next) {
                all.addAll(nodes(next));
            }
        }
        return all;
    }

    private static boolean seen(Node node) {
        for (Node at = node; at != null; at = at.getParent()) {
            if (!at.isVisible()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void the_keyboard_alone_leads_from_the_welcome_to_an_answer_in_the_playground() {
        var rig = new DemoRig();
        rig.settings.set(Settings.defaults());
        var scene = open(rig);
        assertThat(says(scene, "One model, many rigs")).isTrue();
        robot.type(KeyCode.ENTER);
        until(() -> says(scene, "Your device"));
        assertThat(rig.benchmarks).isEmpty();
        robot.type(KeyCode.ENTER);
        until(() -> says(scene, "Your limits"));
        robot.type(KeyCode.ENTER);
        until(() -> says(scene, "Ready"));
        assertThat(rig.state.get()).isInstanceOf(RigState.Idle.class);
        robot.type(KeyCode.SPACE);
        until(() -> says(scene, "Serving stages"));
        assertThat(rig.settings.get().welcomeDone()).isTrue();
        robot.push(KeyCode.CONTROL, KeyCode.DIGIT2);
        until(() -> says(scene, "Ask the grid"));
        for (var i = 0; i < 40 && !focusIsOn(scene, "composer"); i++) {
            robot.type(KeyCode.TAB);
        }
        assertThat(focusIsOn(scene, "composer")).isTrue();
        robot.write("hello", 100); // a busy machine loses keys that come faster
        until(() -> scene.getFocusOwner() instanceof TextInputControl composer
                && !composer.getText().isEmpty());
        robot.type(KeyCode.ENTER);
        until(() -> says(scene, "Once upon a time"));
        until(() -> says(scene, "complete"));
    }

    private static boolean focusIsOn(Scene scene, String id) {
        WaitForAsyncUtils.waitForFxEvents();
        return Stages.onFx(() ->
                scene.getFocusOwner() != null && id.equals(scene.getFocusOwner().getId()));
    }

    @Test
    void tab_leaves_the_field_of_the_playground() {
        var scene = open(DemoRig.working());
        go(scene, Place.PLAYGROUND);
        robot.clickOn("#composer");
        robot.type(KeyCode.TAB);
        assertThat(focusIsOn(scene, "composer")).isFalse();
    }

    @Test
    void control_and_a_digit_lead_to_every_place() {
        var scene = open(DemoRig.working());
        for (var place : Place.values()) {
            robot.push(KeyCode.CONTROL, KeyCode.getKeyCode(String.valueOf(place.number())));
            until(() -> scene.lookup("#place-" + place.key()) instanceof javafx.scene.control.ToggleButton button
                    && button.isSelected());
        }
    }

    @Test
    void the_three_verbs_follow_the_state() {
        var rig = DemoRig.working();
        var scene = open(rig);
        assertThat(scene.lookup("#verb-start").isDisabled()).isTrue();
        robot.clickOn("#verb-pause");
        until(() -> says(scene, "Paused by you."));
        assertThat(scene.lookup("#verb-pause").isDisabled()).isTrue();
        robot.clickOn("#verb-start");
        until(() -> says(scene, "Serving stages"));
        robot.clickOn("#verb-finish");
        until(() -> says(scene, "The rig is stopped."));
    }

    @Test
    void a_pause_that_the_user_did_not_ask_for_names_its_reason_and_leaves_nothing_to_press() {
        var rig = DemoRig.working();
        var scene = open(rig);
        rig.state.set(new RigState.Paused(List.of(new PauseReason.GameRunning("Factorio"))));
        until(() -> says(scene, "Factorio is running."));
        assertThat(says(scene, "Why am I not working?")).isTrue();
        assertThat(scene.lookup("#verb-start").isDisabled()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void an_empty_rig_leaves_no_screen_without_words(Place place) {
        var scene = open(new DemoRig());
        go(scene, place);
        var expected = switch (place) {
            case DASHBOARD -> "No pipeline yet";
            case PLAYGROUND -> "Not running. Press Start to join the grid.";
            case JOBS -> "No jobs yet";
            case SWARM -> "Nobody here yet";
            case BENCHMARK -> "No benchmark yet";
            case SETTINGS -> "Run self-test";
        };
        until(() -> says(scene, expected));
    }

    @Test
    void a_store_that_cannot_be_read_is_an_error_with_a_way_on() {
        var rig = DemoRig.working();
        rig.storeBroken = true;
        var scene = open(rig);
        go(scene, Place.JOBS);
        until(() -> says(scene, "The jobs could not be read: database is locked"));
        rig.storeBroken = false;
        robot.clickOn("Try again");
        until(() -> says(scene, "48 jobs"));
        rig.storeBroken = true;
        go(scene, Place.BENCHMARK);
        until(() -> says(scene, "The stored runs could not be read: database is locked"));
    }

    @Test
    void twenty_thousand_jobs_are_scrolled_without_a_row_for_each() {
        var rig = new DemoRig();
        for (var i = 0; i < 20_000; i++) {
            rig.jobs.add(rig.job(i));
        }
        var scene = open(rig);
        go(scene, Place.JOBS);
        until(() -> says(scene, "20,000 jobs"));
        var table = (TableView<?>) scene.lookup("#jobs-table");
        for (var row = 0; row < 20_000; row += 1000) {
            var to = row;
            Stages.onFx(() -> {
                table.scrollTo(to);
                table.layout();
                return true;
            });
        }
        assertThat(table.lookupAll(".table-row-cell")).hasSizeLessThan(60);
    }

    @ParameterizedTest
    @CsvSource({"1000,700,LIGHT", "1000,700,DARK", "1600,1000,LIGHT"})
    void nothing_leaves_the_window_in_any_size_or_theme(int width, int height, Settings.Theme theme) {
        var rig = DemoRig.working();
        rig.settings.set(rig.settings.get().withTheme(theme));
        var scene = open(rig, PseudoLocale.texts(), width, height);
        for (var place : Place.values()) {
            go(scene, place);
            Stages.onFx(() -> {
                scene.getRoot().applyCss();
                scene.getRoot().layout();
                for (var node : nodes(scene.getRoot())) {
                    if (node instanceof ButtonBase button && seen(button) && button.getParent() != null) {
                        var bounds = button.localToScene(button.getLayoutBounds());
                        assertThat(bounds.getMaxX())
                                .as("right end of %s on %s", button.getText(), place)
                                .isLessThanOrEqualTo(width + 1);
                        assertThat(bounds.getWidth())
                                .as("width of %s on %s", button.getText(), place)
                                .isGreaterThanOrEqualTo(Math.min(20, button.prefWidth(-1)) - 1);
                    }
                }
                assertThat(((Region) scene.getRoot()).getWidth()).isLessThanOrEqualTo(width);
                return true;
            });
        }
    }

    @Test
    void every_control_has_a_name_for_those_who_do_not_see_it() {
        var scene = open(DemoRig.working());
        for (var place : Place.values()) {
            go(scene, place);
            Stages.onFx(() -> {
                for (var node : nodes(scene.getRoot())) {
                    var own = node instanceof ButtonBase || node instanceof TextInputControl;
                    var picture = node.getAccessibleRole() == AccessibleRole.IMAGE_VIEW
                            && node.getStyleClass().contains("painted");
                    if (seen(node) && (own || picture)) {
                        var words =
                                node instanceof Labeled labeled && labeled.getText() != null ? labeled.getText() : "";
                        assertThat(words + (node.getAccessibleText() == null ? "" : node.getAccessibleText()))
                                .as("%s on %s", node, place)
                                .isNotBlank();
                    }
                }
                return true;
            });
        }
    }

    @Test
    void every_word_on_every_screen_comes_from_the_bundle_or_from_the_rig() {
        var rig = DemoRig.working();
        var scene = open(rig, PseudoLocale.texts(), 1000, 900);
        for (var place : Place.values()) {
            go(scene, place);
            Stages.onFx(() -> {
                for (var node : nodes(scene.getRoot())) {
                    if (node instanceof Labeled labeled && seen(node) && labeled.getText() != null) {
                        assertThat(wordsOfNobody(labeled.getText(), rig))
                                .as("on %s: %s", place, labeled.getText())
                                .isEmpty();
                    }
                }
                return true;
            });
        }
    }

    /** Words that stand neither in the brackets of the pseudo-locale nor in what the rig said. */
    private static Set<String> wordsOfNobody(String shown, DemoRig rig) {
        var depth = 0;
        var outside = new StringBuilder();
        for (var c : shown.toCharArray()) {
            depth += c == PseudoLocale.OPEN ? 1 : 0;
            if (depth == 0) {
                outside.append(c);
            }
            depth -= c == PseudoLocale.CLOSE ? 1 : 0;
        }
        var ofRig = rig.state.get().sentence() + rig.device.get() + rig.swarm.get() + rig.jobs + rig.benchmarks
                + rig.folders() + DemoRig.NOON + " Nov ";
        var words = new HashSet<String>();
        var found = WORD.matcher(outside);
        while (found.find()) {
            if (!ofRig.contains(found.group())) {
                words.add(found.group());
            }
        }
        return words;
    }

    @Test
    void a_hidden_window_follows_nothing_and_shows_the_newest_state_when_it_is_back() {
        var rig = DemoRig.working();
        var scene = open(rig);
        Stages.onFx(() -> {
            shellOf(scene).sleep();
            return true;
        });
        rig.pause();
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(says(scene, "Paused by you.")).isFalse();
        Stages.onFx(() -> {
            shellOf(scene).wake();
            return true;
        });
        until(() -> says(scene, "Paused by you."));
    }

    @Test
    void what_happens_to_the_rig_is_said_once_in_the_corner_and_stands_on_the_dashboard() {
        var rig = DemoRig.working();
        rig.notices.set(List.of(new Notice(DemoRig.NOON, Notice.Severity.WARNING, "worker-2 was started again")));
        var scene = open(rig);
        assertThat(scene.getRoot().lookupAll(".message")).isEmpty();
        rig.notices.update(known -> List.of(
                new Notice(DemoRig.NOON.plusSeconds(5), Notice.Severity.ERROR, "worker-3 gave up"), known.getFirst()));
        until(() -> scene.getRoot().lookupAll(".message").size() == 1);
        until(() -> says(scene, "worker-3 gave up") && says(scene, "worker-2 was started again"));
    }

    @Test
    void the_theme_changes_with_the_setting_at_once() {
        var rig = DemoRig.working();
        rig.settings.set(rig.settings.get().withTheme(Settings.Theme.LIGHT));
        var scene = open(rig);
        assertThat(scene.getStylesheets().getFirst()).endsWith("tokens-light.css");
        go(scene, Place.SETTINGS);
        robot.clickOn("Dark");
        until(() -> scene.getStylesheets().getFirst().endsWith("tokens-dark.css"));
        assertThat(rig.settings.get().theme()).isEqualTo(Settings.Theme.DARK);
    }

    @Test
    void the_link_of_an_answer_leads_to_its_job() {
        var rig = DemoRig.working();
        var scene = open(rig);
        go(scene, Place.PLAYGROUND);
        robot.clickOn("#composer").write("hi");
        robot.type(KeyCode.ENTER);
        until(() -> says(scene, "complete"));
        until(() -> says(scene, "Job job-"));
        var job = rig.jobs.getFirst().id();
        robot.clickOn((Node) nodes(scene.getRoot()).stream()
                .filter(node -> node instanceof ButtonBase button
                        && button.getText() != null
                        && button.getText().startsWith("Job job-"))
                .findFirst()
                .orElseThrow());
        until(() -> says(scene, "49 jobs") && says(scene, job));
    }
}
