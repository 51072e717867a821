package io.infergrid.app.ui;

import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.icon;
import static io.infergrid.app.ui.control.Widgets.iconButton;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.tone;

import io.infergrid.app.core.Notice;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.ui.benchmark.BenchmarkController;
import io.infergrid.app.ui.benchmark.BenchmarkRun;
import io.infergrid.app.ui.control.Widgets;
import io.infergrid.app.ui.dashboard.DashboardController;
import io.infergrid.app.ui.jobs.JobsController;
import io.infergrid.app.ui.playground.PlaygroundController;
import io.infergrid.app.ui.settings.SettingsController;
import io.infergrid.app.ui.swarm.SwarmController;
import io.infergrid.app.ui.welcome.WelcomeController;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import javafx.animation.PauseTransition;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.feather.Feather;

/** The frame: the sidebar with the places, the rig's state and the three verbs, and the screen that is seen. JavaFX thread only. */
public final class Shell {

    private final Desk desk;
    private final Verbs verbs;
    private final BenchmarkRun benchmark;
    private final Map<Place, Screen> screens = new EnumMap<>(Place.class);
    private final Map<Place, ToggleButton> buttons = new EnumMap<>(Place.class);
    private final List<Observable.Pin> pins = new ArrayList<>();
    private final StackPane root = new StackPane();
    private final BorderPane frame = new BorderPane();
    private final VBox messages = new VBox(8);
    private final Label state = label("", "side-state");
    private final Region stateDot = new Region();
    private final Label rate = label("", "caption");
    private @Nullable Screen seen;
    private Instant heard;
    private boolean awake = true;

    public Shell(
            Rig rig,
            Texts texts,
            Formats formats,
            FxBindings bindings,
            Background background,
            Throughput throughput,
            Theme theme,
            FilePicker filePicker,
            Consumer<String> clipboard) {
        desk = new Desk(
                rig,
                texts,
                formats,
                bindings,
                background,
                throughput,
                theme,
                filePicker,
                new Navigator() {
                    @Override
                    public void open(Place place) {
                        if (root.getChildren().getFirst() != frame) {
                            return;
                        }
                        Shell.this.open(place);
                    }

                    @Override
                    public void openJob(String id) {
                        Shell.this.openJob(id);
                    }
                },
                this::tell,
                clipboard);
        verbs = new Verbs(desk);
        benchmark = new BenchmarkRun(desk);
        frame.setLeft(sidebar());
        messages.getStyleClass().add("messages");
        messages.setPickOnBounds(false);
        messages.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        StackPane.setAlignment(messages, javafx.geometry.Pos.BOTTOM_RIGHT);
        root.getStyleClass().add("shell");
        root.getChildren().setAll(frame, messages);
        pins.add(bindings.bind(rig.state(), this::follow));
        pins.add(bindings.bind(rig.tokensPerSecond(), value -> rate.setText(formats.tokensPerSecond(value))));
        pins.add(
                bindings.bind(rig.settings(), settings -> theme.choiceProperty().set(settings.theme())));
        var known = rig.notices().get();
        heard = known.isEmpty() ? Instant.EPOCH : known.getFirst().at();
        pins.add(bindings.bind(rig.notices(), this::hear));
        if (rig.settings().get().welcomeDone()) {
            open(Place.DASHBOARD);
        } else {
            welcome();
        }
    }

    public Parent view() {
        return root;
    }

    public String title() {
        return desk.texts().get("product");
    }

    /** Dresses the scene in the theme and gives it the shell's keys: Ctrl+1 and on for the places. */
    public void takeKeysOf(Scene scene) {
        desk.theme().dress(scene);
        for (var place : Place.values()) {
            var key = KeyCode.getKeyCode(String.valueOf(place.number()));
            scene.getAccelerators().put(new KeyCodeCombination(key, KeyCombination.SHORTCUT_DOWN), () -> open(place));
        }
    }

    /** The first start: the welcome alone, without a sidebar that would lead past it. */
    private void welcome() {
        var welcome = new WelcomeController(desk, benchmark, () -> {
            root.getChildren().set(0, frame);
            open(Place.DASHBOARD);
            button(Place.DASHBOARD).requestFocus();
        });
        root.getChildren().set(0, welcome.view());
        seen = welcome;
        welcome.attach();
    }

    /** Shows {@code place}; the screen before it stops following the rig. */
    public void open(Place place) {
        if (root.getChildren().getFirst() != frame) {
            return;
        }
        var next = screens.computeIfAbsent(place, this::make);
        button(place).setSelected(true);
        if (next == seen) {
            return;
        }
        if (seen != null && awake) {
            seen.detach();
        }
        seen = next;
        frame.setCenter(next.view());
        if (awake) {
            next.attach();
        }
    }

    private void openJob(String id) {
        open(Place.JOBS);
        if (screens.get(Place.JOBS) instanceof JobsController jobs) {
            jobs.choose(id);
        }
    }

    /** Shows one line at the corner; a failure stays until it is dismissed. */
    public void tell(Desk.Message message) {
        var words = Widgets.paragraph(message.text());
        words.setMaxWidth(380);
        var mark = icon(
                switch (message.tone()) {
                    case SUCCESS -> Feather.CHECK_CIRCLE;
                    case WARNING, DANGER -> Feather.ALERT_TRIANGLE;
                    case NEUTRAL, ACCENT -> Feather.INFO;
                });
        var line = row(10, mark, words);
        line.getStyleClass().add("message");
        tone(line, message.tone());
        line.getChildren()
                .add(iconButton(
                        desk.texts().get("message.dismiss"),
                        Feather.X,
                        () -> messages.getChildren().remove(line)));
        messages.getChildren().add(line);
        if (messages.getChildren().size() > 3) {
            messages.getChildren().removeFirst();
        }
        if (message.tone() != Tone.DANGER) {
            var gone = new PauseTransition(Duration.seconds(5));
            gone.setOnFinished(event -> messages.getChildren().remove(line));
            gone.play();
        }
    }

    void tell(Throwable failure) {
        desk.tellFailure("message.unexpected", failure);
    }

    /** Nobody can see the window: nothing is followed, nothing is drawn. */
    public void sleep() {
        if (awake) {
            awake = false;
            desk.bindings().sleep();
            if (seen != null) {
                seen.detach();
            }
        }
    }

    public void wake() {
        if (!awake) {
            awake = true;
            desk.bindings().wake();
            if (seen != null) {
                seen.attach();
            }
        }
    }

    public void close() {
        sleep();
        pins.forEach(Observable.Pin::close);
    }

    private void follow(RigState next) {
        verbs.follow(next);
        tone(stateDot, Tone.of(next));
        state.setText(desk.texts().get("state." + StateWords.key(next)));
        state.setTooltip(new Tooltip(StateWords.sentence(desk.texts(), next)));
    }

    /** Says what happened since this window was opened; what happened before stands on the dashboard. */
    private void hear(List<Notice> notices) {
        notices.stream()
                .takeWhile(notice -> notice.at().isAfter(heard))
                .limit(3)
                .toList()
                .reversed()
                .forEach(notice -> tell(new Desk.Message(Tone.of(notice.severity()), notice.text())));
        if (!notices.isEmpty()) {
            heard = notices.getFirst().at();
        }
    }

    private ToggleButton button(Place place) {
        return Objects.requireNonNull(buttons.get(place), place::name);
    }

    private Screen make(Place place) {
        return switch (place) {
            case DASHBOARD -> new DashboardController(desk, verbs);
            case PLAYGROUND -> new PlaygroundController(desk, verbs);
            case JOBS -> new JobsController(desk);
            case SWARM -> new SwarmController(desk);
            case BENCHMARK -> new BenchmarkController(desk, benchmark);
            case SETTINGS -> new SettingsController(desk);
        };
    }

    private VBox sidebar() {
        var texts = desk.texts();
        var mark = new Region();
        mark.getStyleClass().add("product-mark");
        var product = row(10, mark, label(texts.get("product"), "product-name"));
        product.getStyleClass().add("product");
        var sidebar = column(2, product);
        sidebar.getStyleClass().add("sidebar");
        var group = new ToggleGroup();
        for (var place : Place.values()) {
            if (place == Place.SETTINGS) {
                var gap = new Region();
                VBox.setVgrow(gap, Priority.ALWAYS);
                sidebar.getChildren().add(gap);
            }
            sidebar.getChildren().add(placeButton(place, group));
        }
        sidebar.getChildren().add(rigBox());
        return sidebar;
    }

    private ToggleButton placeButton(Place place, ToggleGroup group) {
        var name = desk.texts().get(place.key() + ".name");
        var button = new ToggleButton(name, icon(place.icon()));
        button.getStyleClass().add("place");
        button.setId("place-" + place.key());
        button.setMaxWidth(Double.MAX_VALUE);
        button.setToggleGroup(group);
        button.setAccessibleText(name);
        button.setTooltip(new Tooltip(desk.texts().get("place.tooltip", name, place.number())));
        button.setOnAction(event -> open(place));
        buttons.put(place, button);
        return button;
    }

    private Node rigBox() {
        var texts = desk.texts();
        stateDot.getStyleClass().add("state-dot");
        var start = iconButton(texts.get("verb.start"), Feather.PLAY, verbs::start);
        start.disableProperty().bind(verbs.canStartProperty().not());
        var pause = iconButton(texts.get("verb.pause"), Feather.PAUSE, verbs::pause);
        pause.disableProperty().bind(verbs.canPauseProperty().not());
        var finish = iconButton(texts.get("verb.finish"), Feather.STOP_CIRCLE, verbs::finishThenStop);
        finish.disableProperty().bind(verbs.canFinishProperty().not());
        var box = column(8, row(8, stateDot, state, space(), rate), row(4, start, pause, finish));
        box.getStyleClass().add("side-rig");
        return box;
    }
}
