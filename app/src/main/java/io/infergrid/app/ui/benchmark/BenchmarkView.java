package io.infergrid.app.ui.benchmark;

import static io.infergrid.app.ui.control.Widgets.badge;
import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.empty;
import static io.infergrid.app.ui.control.Widgets.headOf;
import static io.infergrid.app.ui.control.Widgets.iconButton;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.screenHead;
import static io.infergrid.app.ui.control.Widgets.scrolling;
import static io.infergrid.app.ui.control.Widgets.shownWhen;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.control.Plot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javafx.beans.binding.Bindings;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.ComboBox;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the benchmark screen. */
final class BenchmarkView {

    private final BenchmarkModel model;
    private final Texts texts;
    private final Formats formats;
    private final BenchmarkController controller;
    private final FigureWords figures;
    private final ComboBox<String> wanted = new ComboBox<>();
    private final Plot history = new Plot();
    private final ScrollPane root;

    BenchmarkView(BenchmarkModel model, Texts texts, Formats formats, BenchmarkController controller) {
        this.model = model;
        this.texts = texts;
        this.formats = formats;
        this.controller = controller;
        figures = new FigureWords(texts, formats);
        var live = titledCard(texts.get("benchmark.live.title"), new LivePlot(model, texts, formats));
        live.setMinHeight(300);
        VBox.setVgrow(live.getChildren().getLast(), Priority.ALWAYS);
        var left = figuresCard();
        HBox.setHgrow(left, Priority.ALWAYS);
        left.setPrefWidth(440);
        left.setMinWidth(330);
        var right = column(16, conformanceCard(), historyCard(), runsCard());
        HBox.setHgrow(right, Priority.ALWAYS);
        right.setPrefWidth(520);
        right.setMinWidth(360);
        var results = row(16, left, right);
        results.setAlignment(Pos.TOP_LEFT);
        results.setFillHeight(false);
        var stored = model.records.map(records -> !records.isEmpty());
        var none = empty(
                Feather.ACTIVITY,
                texts.get("benchmark.empty.title"),
                texts.get("benchmark.empty.text"),
                button(texts.get("benchmark.run"), Feather.PLAY, controller::start, "accent"));
        var failure = paragraph("", "failure");
        failure.textProperty().bind(model.failure);
        var broken = empty(
                Feather.ALERT_TRIANGLE,
                texts.get("benchmark.unreadable.title"),
                "",
                failure,
                button(texts.get("jobs.retry"), Feather.ROTATE_CW, controller::retry));
        var nothing = shownWhen(
                new VBox(none),
                Bindings.createBooleanBinding(
                        () -> model.records.get().isEmpty()
                                && !model.running.get()
                                && model.failure.get().isEmpty(),
                        model.records,
                        model.running,
                        model.failure));
        nothing.setAlignment(Pos.CENTER);
        VBox.setVgrow(nothing, Priority.ALWAYS);
        root = scrolling(column(
                16,
                head(),
                shownWhen(live, model.running),
                shownWhen(broken, model.failure.isNotEmpty()),
                shownWhen(results, stored),
                nothing));
        model.records.subscribe(this::offer);
    }

    Parent root() {
        return root;
    }

    private HBox head() {
        var export = button(texts.get("export"), Feather.DOWNLOAD, controller::export);
        export.disableProperty().bind(model.records.map(List::isEmpty));
        var run = button(texts.get("benchmark.run"), Feather.PLAY, controller::start, "accent");
        run.setId("benchmark-run");
        var cancel = button(texts.get("benchmark.cancel"), Feather.X, controller::cancel);
        cancel.setId("benchmark-cancel");
        return screenHead(
                texts.get("benchmark.name"),
                texts.get("benchmark.subtitle"),
                export,
                shownWhen(run, model.running.not()),
                shownWhen(cancel, model.running));
    }

    private VBox figuresCard() {
        var lines = column(0);
        var when = label("", "caption");
        model.records.subscribe(records -> {
            if (records.isEmpty()) {
                return;
            }
            var latest = records.getFirst();
            var before = records.size() > 1 ? records.get(1) : null;
            when.setText(formats.shortDate(latest.startedAt()));
            lines.getChildren()
                    .setAll(figures.keys(latest.figures()).stream()
                            .map(key -> line(key, latest, before))
                            .toList());
        });
        var card = titledCard(texts.get("benchmark.figures"), lines);
        headOf(card).getChildren().add(when);
        return card;
    }

    private Node line(String key, BenchmarkRecord latest, @Nullable BenchmarkRecord before) {
        var value = latest.figures().get(key);
        var number = label(figures.value(value == null ? 0 : value), "value");
        number.setMinWidth(70);
        number.setAlignment(Pos.CENTER_RIGHT);
        var unit = label(figures.unit(key), "caption");
        unit.setMinWidth(72);
        var change = label(change(key, latest, before), "caption");
        change.setMinWidth(52);
        change.setAlignment(Pos.CENTER_RIGHT);
        var name = paragraph(figures.name(key));
        name.setMinWidth(0);
        name.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(name, Priority.ALWAYS);
        var line = row(8, name, number, unit, change);
        line.getStyleClass().add("list-line");
        return line;
    }

    private String change(String key, BenchmarkRecord latest, @Nullable BenchmarkRecord before) {
        var now = latest.figures().get(key);
        var then = before == null ? null : before.figures().get(key);
        if (now == null || then == null || then == 0) {
            return "";
        }
        var percent = Math.round((now / then - 1) * 1000) / 10.0;
        return texts.get(
                percent < 0 ? "benchmark.change.down" : "benchmark.change.up", formats.decimal(Math.abs(percent), 1));
    }

    private VBox conformanceCard() {
        var box = column(8);
        model.records.subscribe(records -> {
            if (!records.isEmpty()) {
                box.getChildren().setAll(conformance(records.getFirst()));
            }
        });
        return titledCard(texts.get("benchmark.conformance"), box);
    }

    private List<Node> conformance(BenchmarkRecord record) {
        var device = label(record.device(), "value");
        device.setMinWidth(0);
        var backend = badge(
                texts.getOr("device.backend." + record.backend(), record.backend()),
                "vulkan".equals(record.backend()) ? Tone.ACCENT : Tone.NEUTRAL);
        var verdict = record.conformant()
                ? badge(texts.get("device.conformant"), Tone.SUCCESS)
                : badge(texts.get("benchmark.not-conformant"), Tone.DANGER);
        var digest = label(formats.shortId(record.conformanceDigest()), "mono");
        digest.setMinWidth(Region.USE_PREF_SIZE);
        return List.of(
                row(8, device, space(), backend, verdict),
                row(
                        4,
                        paragraph(texts.get("benchmark.digest"), "caption"),
                        space(),
                        digest,
                        iconButton(
                                texts.get("benchmark.copy-digest"),
                                Feather.COPY,
                                () -> controller.copy(record.conformanceDigest()))));
    }

    private VBox historyCard() {
        history.words(millis -> formats.shortDate(Instant.ofEpochMilli((long) millis)), formats::plain, formats::number)
                .emptyWords(texts.get("benchmark.history.empty"));
        history.setAccessibleText(texts.get("benchmark.history"));
        history.setPrefHeight(160);
        wanted.setAccessibleText(texts.get("benchmark.history.figure"));
        wanted.setConverter(new StringConverter<>() {
            @Override
            public String toString(@Nullable String key) {
                return key == null ? "" : texts.get("figure.named", figures.name(key), figures.unit(key));
            }

            @Override
            public String fromString(String words) {
                throw new UnsupportedOperationException("the list cannot be edited");
            }
        });
        wanted.valueProperty().subscribe(key -> drawHistory());
        var card = titledCard(texts.get("benchmark.history"), history);
        headOf(card).getChildren().add(wanted);
        return card;
    }

    private void offer(List<BenchmarkRecord> records) {
        if (records.isEmpty()) {
            return;
        }
        var keys = figures.keys(records.getFirst().figures());
        var before = wanted.getValue();
        if (!wanted.getItems().equals(keys)) {
            wanted.getItems().setAll(keys);
        }
        if (before == null || !keys.contains(before)) {
            wanted.setValue(keys.stream()
                    .filter(key -> key.contains("decode"))
                    .findFirst()
                    .orElse(keys.isEmpty() ? null : keys.getFirst()));
        }
        drawHistory();
    }

    private void drawHistory() {
        var key = wanted.getValue();
        if (key == null) {
            return;
        }
        var xs = new ArrayList<Double>();
        var ys = new ArrayList<Double>();
        for (var record : model.records.get().reversed()) {
            var value = record.figures().get(key);
            if (value != null) {
                xs.add((double) record.startedAt().toEpochMilli());
                ys.add(value);
            }
        }
        history.show(List.of(new Plot.Line(
                figures.name(key),
                xs.stream().mapToDouble(Double::doubleValue).toArray(),
                ys.stream().mapToDouble(Double::doubleValue).toArray(),
                1,
                false)));
    }

    private VBox runsCard() {
        var lines = column(0);
        model.records.subscribe(records -> lines.getChildren()
                .setAll(records.stream().limit(8).map(this::line).toList()));
        return titledCard(texts.get("benchmark.runs"), lines);
    }

    private Node line(BenchmarkRecord record) {
        var when = label(formats.shortDate(record.startedAt()), "caption");
        when.setMinWidth(Region.USE_PREF_SIZE);
        var device = label(record.device());
        device.setMinWidth(0);
        var line = row(
                10,
                when,
                device,
                space(),
                badge(texts.getOr("device.backend." + record.backend(), record.backend()), Tone.NEUTRAL),
                record.conformant()
                        ? badge(texts.get("device.conformant"), Tone.SUCCESS)
                        : badge(texts.get("benchmark.not-conformant"), Tone.DANGER));
        line.getStyleClass().add("list-line");
        return line;
    }
}
