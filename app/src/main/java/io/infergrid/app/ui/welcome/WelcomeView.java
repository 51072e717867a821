package io.infergrid.app.ui.welcome;

import static io.infergrid.app.ui.control.Widgets.badge;
import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.icon;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.shownWhen;
import static io.infergrid.app.ui.control.Widgets.space;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.DeviceView;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.benchmark.BenchmarkModel;
import io.infergrid.app.ui.benchmark.FigureWords;
import io.infergrid.app.ui.benchmark.LivePlot;
import io.infergrid.app.ui.settings.RigOptions;
import java.util.ArrayList;
import java.util.List;
import javafx.beans.binding.Bindings;
import javafx.css.PseudoClass;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.Button;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the welcome: one card in the middle, one step at a time. */
final class WelcomeView {

    private static final PseudoClass REACHED = PseudoClass.getPseudoClass("reached");

    private final WelcomeController controller;
    private final Texts texts;
    private final Formats formats;
    private final BenchmarkModel benchmark;
    private final Button next;
    private final Button start;
    private final StackPane root = new StackPane();

    WelcomeView(WelcomeController controller, Desk desk, BenchmarkModel benchmark) {
        this.controller = controller;
        this.benchmark = benchmark;
        texts = desk.texts();
        formats = desk.formats();
        next = button(texts.get("welcome.next"), Feather.ARROW_RIGHT, controller::next, "accent");
        next.setId("welcome-next");
        next.setDefaultButton(true);
        start = button(texts.get("welcome.start"), Feather.PLAY, () -> controller.finish(true), "accent");
        start.setId("welcome-start");
        var card = new VBox(22, progress(), body(), buttons());
        card.getStyleClass().add("welcome");
        card.setMaxSize(760, 560);
        root.getStyleClass().add("shell");
        root.getChildren().add(card);
    }

    Parent root() {
        return root;
    }

    void focus() {
        next.requestFocus();
    }

    private HBox progress() {
        var mark = new Region();
        mark.getStyleClass().add("product-mark");
        var bars = row(6);
        for (var i = 0; i < WelcomeController.STEPS; i++) {
            var bar = new Region();
            bar.getStyleClass().add("step");
            var position = i;
            controller.step.subscribe(now -> bar.pseudoClassStateChanged(REACHED, now.intValue() >= position));
            bars.getChildren().add(bar);
        }
        var count = label("", "caption");
        controller.step.subscribe(
                now -> count.setText(texts.get("welcome.step", now.intValue() + 1, WelcomeController.STEPS)));
        return row(10, mark, label(texts.get("product"), "product-name"), space(), count, bars);
    }

    private StackPane body() {
        var steps = List.of(what(), device(), limits(), start());
        var body = new StackPane();
        VBox.setVgrow(body, Priority.ALWAYS);
        controller.step.subscribe(now -> body.getChildren().setAll(steps.get(now.intValue())));
        return body;
    }

    private HBox buttons() {
        var back = button(texts.get("welcome.back"), Feather.ARROW_LEFT, controller::back);
        shownWhen(back, controller.step.greaterThan(0));
        var look = button(texts.get("welcome.look"), Feather.EYE, () -> controller.finish(false));
        look.setId("welcome-look");
        var last = controller.step.isEqualTo(WelcomeController.STEPS - 1);
        shownWhen(look, last);
        shownWhen(start, last);
        shownWhen(next, last.not());
        controller.step.subscribe(now -> {
            if (now.intValue() == WelcomeController.STEPS - 1) {
                start.requestFocus();
            }
        });
        return row(10, back, space(), look, next, start);
    }

    private VBox page(String key, Node... content) {
        var page = column(
                24,
                column(
                        6,
                        paragraph(texts.get(key + ".title"), "welcome-title"),
                        paragraph(texts.get(key + ".text"), "welcome-text")));
        page.getChildren().addAll(content);
        return page;
    }

    private VBox what() {
        var facts = column(20);
        facts.getChildren()
                .addAll(
                        fact(Feather.CPU, "welcome.what.compute"),
                        fact(Feather.CHECK_SQUARE, "welcome.what.same"),
                        fact(Feather.POWER, "welcome.what.stop"),
                        fact(Feather.LOCK, "welcome.what.local"));
        return page("welcome.what", facts);
    }

    private HBox fact(Feather icon, String key) {
        var tile = new HBox(icon(icon));
        tile.setAlignment(Pos.CENTER);
        tile.getStyleClass().add("welcome-tile");
        var words = column(1, label(texts.get(key + ".title"), "value"), paragraph(texts.get(key + ".text"), "muted"));
        HBox.setHgrow(words, Priority.ALWAYS);
        return row(14, tile, words);
    }

    private VBox device() {
        var found = column(8);
        controller.device.subscribe(device -> found.getChildren().setAll(found(device)));
        var plot = new LivePlot(benchmark, texts, formats);
        VBox.setVgrow(plot, Priority.ALWAYS);
        var result = column(8);
        benchmark.records.subscribe(
                records -> result.getChildren().setAll(records.isEmpty() ? List.of() : result(records.getFirst())));
        var run = button(texts.get("welcome.device.measure"), Feather.ACTIVITY, controller::measure);
        run.setId("welcome-measure");
        var cancel = button(texts.get("benchmark.cancel"), Feather.X, controller::cancelMeasuring);
        var idle = benchmark.running.not();
        var page = page(
                "welcome.device",
                found,
                shownWhen(plot, benchmark.running),
                shownWhen(
                        result,
                        Bindings.createBooleanBinding(
                                () -> idle.get() && !benchmark.records.get().isEmpty(), idle, benchmark.records)),
                row(10, shownWhen(run, idle), shownWhen(cancel, benchmark.running)));
        return page;
    }

    private List<Node> found(DeviceView device) {
        var lines = new ArrayList<Node>();
        var name = label(device.name().isEmpty() ? texts.get("device.unknown") : device.name(), "device-name");
        name.setMinWidth(0);
        var line = row(10, name, space());
        if (!device.name().isEmpty()) {
            line.getChildren()
                    .add(badge(
                            texts.getOr("device.backend." + device.backend(), device.backend()),
                            "vulkan".equals(device.backend()) ? Tone.ACCENT : Tone.NEUTRAL));
        }
        if (device.memoryBytes() >= 0) {
            line.getChildren().add(label(formats.bytes(device.memoryBytes()), "muted"));
        }
        lines.add(line);
        if (!device.note().isEmpty() && !device.name().isEmpty()) {
            lines.add(paragraph(device.note(), "caption"));
        }
        return lines;
    }

    private List<Node> result(BenchmarkRecord record) {
        var verdict = record.conformant()
                ? badge(texts.get("welcome.device.conformant"), Tone.SUCCESS)
                : badge(texts.get("benchmark.not-conformant"), Tone.DANGER);
        var figures = row(34);
        var words = new FigureWords(texts, formats);
        words.keys(record.figures()).stream()
                .filter(key -> key.contains("decode") || key.contains("prefill") || key.contains("memory"))
                .sorted((a, b) -> Boolean.compare(b.contains("token"), a.contains("token")))
                .limit(3)
                .forEach(key -> {
                    var value = record.figures().get(key);
                    figures.getChildren()
                            .add(column(
                                    0,
                                    label(
                                            texts.get(
                                                    "figure.with-unit",
                                                    words.value(value == null ? 0 : value),
                                                    words.unit(key)),
                                            "figure-small"),
                                    label(words.name(key), "caption")));
                });
        return List.of(row(10, label(texts.get("benchmark.conformance"), "muted"), verdict), figures);
    }

    private VBox limits() {
        return page(
                "welcome.limits",
                column(
                        20,
                        RigOptions.backend(texts, controller.settings, controller::change),
                        RigOptions.workers(texts, controller.settings, controller::change),
                        RigOptions.gateway(texts, controller.settings, controller::change),
                        RigOptions.startWhenOpened(texts, controller.settings, controller::change)));
    }

    private VBox start() {
        var facts = column(
                20,
                fact(Feather.PLAY, "welcome.start.start"),
                fact(Feather.PAUSE, "welcome.start.pause"),
                fact(Feather.STOP_CIRCLE, "welcome.start.finish"));
        return page("welcome.start-page", facts);
    }
}
