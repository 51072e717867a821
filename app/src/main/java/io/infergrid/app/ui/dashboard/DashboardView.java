package io.infergrid.app.ui.dashboard;

import static io.infergrid.app.ui.control.Widgets.badge;
import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.empty;
import static io.infergrid.app.ui.control.Widgets.headOf;
import static io.infergrid.app.ui.control.Widgets.icon;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.scrolling;
import static io.infergrid.app.ui.control.Widgets.shownWhen;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;
import static io.infergrid.app.ui.control.Widgets.tone;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Navigator;
import io.infergrid.app.ui.Place;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Throughput;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import io.infergrid.app.ui.control.PipelineMap;
import io.infergrid.app.ui.control.Plot;
import java.util.List;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Parent;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the dashboard. */
final class DashboardView {

    private final DashboardModel model;
    private final Texts texts;
    private final Formats formats;
    private final Verbs verbs;
    private final Navigator navigator;
    private final ScrollPane root;

    DashboardView(DashboardModel model, Texts texts, Formats formats, Verbs verbs, Navigator navigator) {
        this.model = model;
        this.texts = texts;
        this.formats = formats;
        this.verbs = verbs;
        this.navigator = navigator;
        var top = row(16, rateCard(), deviceCard());
        top.setFillHeight(true);
        top.setAlignment(Pos.TOP_LEFT);
        var bottom = row(16, checksCard(), jobsCard());
        bottom.setFillHeight(true);
        bottom.setAlignment(Pos.TOP_LEFT);
        VBox.setVgrow(bottom, Priority.ALWAYS);
        root = scrolling(column(16, head(), top, pipelineCard(), bottom));
    }

    Parent root() {
        return root;
    }

    private HBox head() {
        var word = badge("", Tone.NEUTRAL);
        word.getStyleClass().add("state-badge");
        word.textProperty().bind(model.stateWord);
        model.tone.subscribe(next -> tone(word, next));
        var sentence = label("", "title");
        sentence.textProperty().bind(model.sentence);
        sentence.setId("state-sentence");
        sentence.setWrapText(true);
        var hint = label("", "subtitle");
        hint.textProperty().bind(model.hint);
        var words = column(4, word, sentence, hint);
        words.setMinWidth(0);
        HBox.setHgrow(words, Priority.ALWAYS);
        var head = row(
                8,
                words,
                verb("verb.start", Feather.PLAY, verbs::start, "verb-start", "accent"),
                verb("verb.pause", Feather.PAUSE, verbs::pause, "verb-pause"),
                verb("verb.finish", Feather.STOP_CIRCLE, verbs::finishThenStop, "verb-finish"));
        ((Button) head.getChildren().get(1))
                .disableProperty()
                .bind(verbs.canStartProperty().not());
        ((Button) head.getChildren().get(2))
                .disableProperty()
                .bind(verbs.canPauseProperty().not());
        ((Button) head.getChildren().get(3))
                .disableProperty()
                .bind(verbs.canFinishProperty().not());
        head.getStyleClass().add("screen-head");
        return head;
    }

    private Button verb(String key, Feather icon, Runnable action, String id, String... styleClasses) {
        var button = button(texts.get(key), icon, action, styleClasses);
        button.setId(id);
        return button;
    }

    private VBox rateCard() {
        var figure = label("", "figure");
        figure.textProperty().bind(model.rate);
        var peak = label("", "caption");
        peak.textProperty().bind(model.peak);
        var plot = new Plot()
                .words(
                        second -> texts.get("plot.seconds-ago", formats.integer(Math.round(-second))),
                        formats::plain,
                        formats::rate)
                .emptyWords(texts.get("plot.empty"));
        plot.setAccessibleText(texts.get("dashboard.rate.plot"));
        plot.setPrefHeight(130);
        VBox.setVgrow(plot, Priority.ALWAYS);
        model.history.subscribe(history -> plot.show(line(history)));
        var numbers = row(8, figure, column(0, label(texts.get("dashboard.rate.unit"), "muted"), peak));
        var card = titledCard(texts.get("dashboard.rate.title"), numbers, plot);
        var day = label("", "caption");
        model.day.subscribe(today -> day.setText(texts.get("dashboard.day", today.jobs(), today.tokens())));
        headOf(card).getChildren().add(day);
        HBox.setHgrow(card, Priority.ALWAYS);
        card.setPrefWidth(640);
        return card;
    }

    private List<Plot.Line> line(Throughput.@Nullable History history) {
        if (history == null) {
            return List.of();
        }
        var xs = new double[history.seconds()];
        var ys = new double[xs.length];
        for (var i = 0; i < xs.length; i++) {
            xs[i] = i - (xs.length - 1);
            ys[i] = history.at(i);
        }
        return List.of(new Plot.Line(texts.get("dashboard.rate.title"), xs, ys, 0, true));
    }

    private VBox deviceCard() {
        var card = titledCard(texts.get("dashboard.device.title"));
        var facts = new VBox(10);
        card.getChildren().add(facts);
        card.setPrefWidth(360);
        card.setMinWidth(280);
        model.device.subscribe(device -> facts.getChildren().setAll(device == null ? List.of() : deviceFacts(device)));
        return card;
    }

    private List<Region> deviceFacts(DeviceView device) {
        var name = paragraph(device.name().isEmpty() ? texts.get("device.unknown") : device.name(), "device-name");
        var backend = "vulkan".equals(device.backend())
                ? badge(texts.get("device.backend.vulkan"), Tone.ACCENT)
                : badge(backendWord(device.backend()), Tone.NEUTRAL);
        var conformance = device.conformant()
                ? badge(texts.get("device.conformant"), Tone.SUCCESS)
                : badge(texts.get("device.not-conformant"), Tone.WARNING);
        var facts = new VBox(
                10,
                name,
                fact(texts.get("device.backend"), backend),
                fact(texts.get("device.conformance"), conformance),
                fact(texts.get("device.memory"), label(formats.bytes(device.memoryBytes()), "value")));
        if (device.note().isEmpty() || device.name().isEmpty()) {
            return List.of(facts);
        }
        var note = paragraph(device.note(), "caption");
        HBox.setHgrow(note, Priority.ALWAYS);
        var box = row(8, icon(Feather.INFO), note);
        box.setAlignment(Pos.TOP_LEFT);
        box.getStyleClass().add("note");
        return List.of(facts, box);
    }

    private String backendWord(String backend) {
        return backend.isEmpty() ? texts.get("value.none") : texts.getOr("device.backend." + backend, backend);
    }

    private static HBox fact(String name, Label value) {
        return row(8, label(name, "muted"), space(), value);
    }

    private VBox pipelineCard() {
        var map = new PipelineMap(texts.get("pipeline.from"), texts.get("pipeline.to"));
        var none = empty(Feather.GIT_COMMIT, texts.get("pipeline.empty.title"), texts.get("pipeline.empty.text"));
        model.stages.subscribe(stages -> {
            map.show(stages);
            map.setVisible(!stages.isEmpty());
            map.setManaged(!stages.isEmpty());
            none.setVisible(stages.isEmpty());
            none.setManaged(stages.isEmpty());
        });
        var card = titledCard(texts.get("pipeline.title"), new StackPane(map, none));
        var name = label("", "mono", "caption");
        name.textProperty().bind(model.model);
        var swarm =
                button(texts.get("pipeline.swarm"), Feather.CHEVRON_RIGHT, () -> navigator.open(Place.SWARM), "link");
        headOf(card).getChildren().addAll(name, swarm);
        return card;
    }

    private VBox checksCard() {
        var lines = column(10);
        model.checks.subscribe(checks ->
                lines.getChildren().setAll(checks.stream().map(this::line).toList()));
        var events = column(8);
        var happened = shownWhen(
                column(8, label(texts.get("dashboard.events"), "section"), events),
                model.events.map(known -> !known.isEmpty()));
        model.events.subscribe(known ->
                events.getChildren().setAll(known.stream().map(this::line).toList()));
        var card = titledCard("", lines, happened);
        ((Label) headOf(card).getChildren().getFirst()).textProperty().bind(model.checksTitle);
        card.setPrefWidth(400);
        HBox.setHgrow(card, Priority.ALWAYS);
        return card;
    }

    private HBox line(DashboardModel.Event event) {
        var dot = new Region();
        dot.getStyleClass().add("state-dot");
        tone(dot, event.tone());
        var words = paragraph(event.text(), "caption");
        HBox.setHgrow(words, Priority.ALWAYS);
        var when = label(event.when(), "caption");
        when.setMinWidth(Region.USE_PREF_SIZE);
        var line = row(10, dot, words, when);
        line.setAlignment(Pos.TOP_LEFT);
        HBox.setMargin(dot, new Insets(5, 0, 0, 4));
        return line;
    }

    private HBox line(DashboardModel.Check check) {
        var mark = icon(
                switch (check.tone()) {
                    case SUCCESS -> Feather.CHECK_CIRCLE;
                    case WARNING, DANGER -> Feather.ALERT_CIRCLE;
                    case ACCENT -> Feather.LOADER;
                    case NEUTRAL -> Feather.CIRCLE;
                },
                "mark");
        tone(mark, check.tone());
        var words = column(1, paragraph(check.text()));
        if (!check.hint().isEmpty()) {
            words.getChildren().add(paragraph(check.hint(), "caption"));
        }
        HBox.setHgrow(words, Priority.ALWAYS);
        var line = row(10, mark, words);
        line.setAlignment(Pos.TOP_LEFT);
        return line;
    }

    private VBox jobsCard() {
        var lines = column(0);
        var none = empty(Feather.INBOX, texts.get("jobs.empty.title"), texts.get("jobs.empty.text"));
        Runnable fill = () -> {
            var failure = model.jobsFailure.get();
            if (!failure.isEmpty()) {
                lines.getChildren().setAll(paragraph(failure, "failure"));
            } else if (model.jobs.get().isEmpty()) {
                lines.getChildren().setAll(none);
            } else {
                lines.getChildren()
                        .setAll(model.jobs.get().stream().map(this::line).toList());
            }
        };
        model.jobs.subscribe(jobs -> fill.run());
        model.jobsFailure.subscribe(failure -> fill.run());
        var card = titledCard(texts.get("dashboard.jobs.title"), lines);
        headOf(card)
                .getChildren()
                .add(button(
                        texts.get("dashboard.jobs.all"),
                        Feather.CHEVRON_RIGHT,
                        () -> navigator.open(Place.JOBS),
                        "link"));
        card.setPrefWidth(600);
        HBox.setHgrow(card, Priority.ALWAYS);
        return card;
    }

    private HBox line(DashboardModel.Job job) {
        var name = label(job.model(), "value");
        name.setMinWidth(0);
        var tokens = cell(job.tokens(), 80, "muted");
        var rate = cell(job.rate(), 80, "caption");
        var when = label(job.when(), "caption");
        when.setMinWidth(100);
        var state = row(0, space(), badge(job.state(), job.tone()));
        state.setMinWidth(74);
        var line = row(10, when, name, space(), tokens, rate, state);
        line.getStyleClass().add("list-line");
        return line;
    }

    private static Label cell(String words, double width, String styleClass) {
        var cell = label(words, styleClass);
        cell.setMinWidth(width);
        cell.setAlignment(Pos.CENTER_RIGHT);
        return cell;
    }
}
