package io.infergrid.app.ui.jobs;

import static io.infergrid.app.ui.control.Widgets.badge;
import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.empty;
import static io.infergrid.app.ui.control.Widgets.iconButton;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.screenHead;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;
import static io.infergrid.app.ui.control.Widgets.tone;

import io.infergrid.app.core.JobRecord;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.control.PipelineMap;
import io.infergrid.app.ui.control.Segments;
import io.infergrid.app.ui.jobs.JobsModel.Filter;
import io.infergrid.app.ui.jobs.JobsModel.Phase;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import javafx.animation.PauseTransition;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.collections.transformation.SortedList;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressIndicator;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TableCell;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the jobs screen: the table at the left, the chosen job at the right. */
final class JobsView {

    private final JobsModel model;
    private final Texts texts;
    private final Formats formats;
    private final JobsController controller;
    private final TableView<JobRecord> table = new TableView<>();
    private final VBox root;

    JobsView(JobsModel model, Texts texts, Formats formats, JobsController controller) {
        this.model = model;
        this.texts = texts;
        this.formats = formats;
        this.controller = controller;
        var body = new HBox(16, tableCard(), detail());
        VBox.setVgrow(body, Priority.ALWAYS);
        root = column(16, head(), body);
        root.getStyleClass().add("screen");
    }

    Parent root() {
        return root;
    }

    private HBox head() {
        var export = button(texts.get("export"), Feather.DOWNLOAD, controller::export);
        export.setId("jobs-export");
        export.disableProperty().bind(model.phase.isNotEqualTo(Phase.FILLED));
        return screenHead(texts.get("jobs.name"), texts.get("jobs.subtitle"), export);
    }

    private VBox tableCard() {
        var card = new VBox(toolbar(), table);
        card.getStyleClass().addAll("card", "table-card");
        VBox.setVgrow(table, Priority.ALWAYS);
        HBox.setHgrow(card, Priority.ALWAYS);
        card.setMinWidth(380);
        fillTable();
        return card;
    }

    private HBox toolbar() {
        var search = new TextField();
        search.setId("jobs-search");
        search.setPromptText(texts.get("jobs.search"));
        search.setAccessibleText(texts.get("jobs.search"));
        search.setPrefWidth(220);
        search.setMinWidth(120);
        var pause = new PauseTransition(javafx.util.Duration.millis(200));
        pause.setOnFinished(event -> {
            if (!search.getText().strip().equals(model.search.get())) {
                controller.search(search.getText());
            }
        });
        search.textProperty().subscribe(text -> pause.playFromStart());
        model.search.subscribe(words -> {
            if (!words.equals(search.getText().strip())) {
                search.setText(words);
            }
        });
        HBox.setHgrow(search, Priority.ALWAYS);
        search.setMaxWidth(320);
        Function<Filter, String> name =
                filter -> texts.get("jobs.filter." + filter.name().toLowerCase(Locale.ROOT));
        var filters = new Segments<>(
                List.of(Filter.values()),
                model.filter,
                name,
                filter -> texts.get("jobs.filter.sentence", name.apply(filter)),
                controller::filter);
        var count = label("", "caption");
        count.textProperty().bind(model.count);
        count.setMinWidth(0);
        var toolbar = row(12, search, filters, space(), count);
        toolbar.getStyleClass().add("toolbar");
        return toolbar;
    }

    private void fillTable() {
        var sorted = new SortedList<>(model.jobs);
        sorted.comparatorProperty().bind(table.comparatorProperty());
        table.setItems(sorted);
        table.setId("jobs-table");
        table.setAccessibleText(texts.get("jobs.name"));
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        table.setFixedCellSize(38);
        table.getColumns().add(words("jobs.column.started", 128, JobRecord::startedAt, formats::shortDate));
        table.getColumns().add(words("jobs.column.model", 120, JobRecord::model, model -> model));
        table.getColumns().add(state());
        table.getColumns()
                .add(number("jobs.column.tokens", 72, JobRecord::completionTokens, tokens -> formats.integer(tokens)));
        table.getColumns().add(number("jobs.column.rate", 72, JobRecord::tokensPerSecond, formats::rate));
        table.getColumns()
                .add(number(
                        "jobs.column.time",
                        84,
                        JobRecord::durationMillis,
                        millis -> formats.time(Duration.ofMillis(millis))));
        table.getSelectionModel().selectedItemProperty().subscribe(job -> {
            if (job != null) {
                controller.choose(job);
            }
        });
        model.chosen.subscribe(job -> {
            if (job != null && job != table.getSelectionModel().getSelectedItem()) {
                table.getSelectionModel().select(job);
                table.scrollTo(job);
            }
        });
        model.phase.subscribe(phase -> table.setPlaceholder(placeholder(phase)));
        model.failure.subscribe(failure -> table.setPlaceholder(placeholder(model.phase.get())));
    }

    private Node placeholder(Phase phase) {
        return switch (phase) {
            case LOADING, FILLED -> {
                var wheel = new ProgressIndicator();
                wheel.setMaxSize(28, 28);
                wheel.setAccessibleText(texts.get("jobs.loading"));
                yield wheel;
            }
            case EMPTY -> empty(Feather.INBOX, texts.get("jobs.empty.title"), texts.get("jobs.empty.text"));
            case NO_MATCH -> empty(Feather.SEARCH, texts.get("jobs.no-match.title"), texts.get("jobs.no-match.text"));
            case FAILED ->
                empty(
                        Feather.ALERT_TRIANGLE,
                        texts.get("jobs.failed.title"),
                        model.failure.get(),
                        button(texts.get("jobs.retry"), Feather.ROTATE_CW, controller::ask));
        };
    }

    private <V extends Comparable<V>> TableColumn<JobRecord, V> words(
            String key, double width, Function<JobRecord, V> value, Function<V, String> words) {
        return tableColumn(key, width, value, words, "");
    }

    private <V extends Comparable<V>> TableColumn<JobRecord, V> number(
            String key, double width, Function<JobRecord, V> value, Function<V, String> words) {
        return tableColumn(key, width, value, words, "number-cell");
    }

    private <V extends Comparable<V>> TableColumn<JobRecord, V> tableColumn(
            String key, double width, Function<JobRecord, V> value, Function<V, String> words, String styleClass) {
        var column = new TableColumn<JobRecord, V>(texts.get(key));
        column.setPrefWidth(width);
        column.setComparator(Comparator.naturalOrder());
        column.setCellValueFactory(features -> new ReadOnlyObjectWrapper<>(value.apply(features.getValue())));
        column.setCellFactory(any -> new TableCell<>() {
            @Override
            protected void updateItem(@Nullable V item, boolean empty) {
                super.updateItem(item, empty);
                setText(empty || item == null ? null : words.apply(item));
            }
        });
        if (!styleClass.isEmpty()) {
            column.getStyleClass().add(styleClass);
        }
        return column;
    }

    private TableColumn<JobRecord, String> state() {
        var column = new TableColumn<JobRecord, String>(texts.get("jobs.column.state"));
        column.setPrefWidth(96);
        column.setCellValueFactory(
                features -> new ReadOnlyObjectWrapper<>(features.getValue().state()));
        column.setCellFactory(any -> new TableCell<>() {
            private final Label word = badge("", Tone.NEUTRAL);

            @Override
            protected void updateItem(@Nullable String item, boolean empty) {
                super.updateItem(item, empty);
                if (empty || item == null) {
                    setGraphic(null);
                    return;
                }
                word.setText(texts.getOr("job.state." + item, item));
                tone(word, Tone.ofJob(item));
                setGraphic(word);
            }
        });
        return column;
    }

    private Region detail() {
        var facts = column(14);
        var scroll = new ScrollPane(facts);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().addAll("screen-scroll", "in-card");
        scroll.setFocusTraversable(false);
        VBox.setVgrow(scroll, Priority.ALWAYS);
        var card = titledCard(texts.get("jobs.detail"), scroll);
        card.setMinWidth(300);
        card.setPrefWidth(340);
        card.setMaxWidth(340);
        Runnable fill = () -> {
            var job = model.chosen.get();
            if (job == null) {
                facts.getChildren()
                        .setAll(empty(
                                Feather.MOUSE_POINTER,
                                texts.get("jobs.none-chosen.title"),
                                texts.get("jobs.none-chosen.text")));
            } else {
                facts.getChildren().setAll(facts(job), stages(job), windows());
            }
        };
        model.chosen.subscribe(job -> fill.run());
        model.windows.subscribe(windows -> fill.run());
        model.windowsFailure.subscribe(failure -> fill.run());
        return card;
    }

    private VBox facts(JobRecord job) {
        var id = row(
                4,
                label(formats.shortId(job.id()), "mono"),
                iconButton(texts.get("jobs.copy-id"), Feather.COPY, () -> controller.copy(job.id())));
        var facts = column(
                8,
                row(
                        8,
                        badge(texts.getOr("job.state." + job.state(), job.state()), Tone.ofJob(job.state())),
                        space(),
                        id),
                fact("jobs.detail.started", formats.date(job.startedAt())),
                fact("jobs.detail.took", formats.time(Duration.ofMillis(job.durationMillis()))),
                fact("jobs.detail.prompt", texts.get("unit.tokens", job.promptTokens())),
                fact("jobs.detail.answer", texts.get("unit.tokens", job.completionTokens())),
                fact("jobs.detail.rate", formats.tokensPerSecond(job.tokensPerSecond())));
        if (!job.error().isEmpty()) {
            var error = paragraph(job.error(), "failure");
            error.getStyleClass().add("note");
            error.setMaxWidth(Double.MAX_VALUE);
            facts.getChildren().add(error);
        }
        if (!job.transcriptSha256().isEmpty()) {
            facts.getChildren()
                    .add(row(
                            4,
                            label(texts.get("jobs.detail.transcript"), "muted"),
                            space(),
                            label(formats.shortId(job.transcriptSha256()), "mono"),
                            iconButton(
                                    texts.get("jobs.copy-transcript"),
                                    Feather.COPY,
                                    () -> controller.copy(job.transcriptSha256()))));
        }
        return facts;
    }

    private HBox fact(String key, String value) {
        return row(8, label(texts.get(key), "muted"), space(), label(value, "value"));
    }

    private VBox stages(JobRecord job) {
        var stages = column(6, label(texts.get("jobs.detail.stages"), "section"));
        for (var i = 0; i < job.stages().size(); i++) {
            var dot = new Region();
            dot.getStyleClass().addAll("stage-dot", PipelineMap.stageClass(i));
            stages.getChildren()
                    .add(row(
                            8,
                            dot,
                            label(texts.get("stage.name", i + 1)),
                            space(),
                            label(formats.shortId(job.stages().get(i)), "mono")));
        }
        return stages;
    }

    private VBox windows() {
        var failure = model.windowsFailure.get();
        var windows = column(0, label(texts.get("jobs.detail.windows"), "section"));
        if (!failure.isEmpty()) {
            windows.getChildren().add(paragraph(failure, "failure"));
        } else if (model.windows.get().isEmpty()) {
            windows.getChildren().add(paragraph(texts.get("jobs.detail.no-windows"), "muted"));
        }
        for (var window : model.windows.get()) {
            var hash = label(formats.shortId(window.tokensSha256()), "mono", "caption");
            var line = row(
                    8,
                    label(
                            texts.get(
                                    "jobs.window",
                                    window.firstPosition(),
                                    window.firstPosition() + window.positions() - 1),
                            "value"),
                    space(),
                    hash,
                    label(formats.time(Duration.ofMillis(window.durationMillis())), "caption"));
            line.getStyleClass().add("list-line");
            line.setAlignment(Pos.CENTER_LEFT);
            windows.getChildren().add(line);
        }
        return windows;
    }
}
