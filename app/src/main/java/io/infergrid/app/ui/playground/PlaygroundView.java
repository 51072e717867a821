package io.infergrid.app.ui.playground;

import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.empty;
import static io.infergrid.app.ui.control.Widgets.headOf;
import static io.infergrid.app.ui.control.Widgets.icon;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.screenHead;
import static io.infergrid.app.ui.control.Widgets.shownWhen;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;

import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.Verbs;
import io.infergrid.app.ui.control.HopChart;
import io.infergrid.app.ui.control.PipelineMap;
import io.infergrid.app.ui.playground.PlaygroundModel.Stage;
import io.infergrid.app.ui.playground.PlaygroundModel.Turn;
import java.util.List;
import java.util.function.DoubleFunction;
import javafx.beans.binding.Bindings;
import javafx.beans.property.DoubleProperty;
import javafx.collections.ListChangeListener;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.TraversalDirection;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Slider;
import javafx.scene.control.Spinner;
import javafx.scene.control.SpinnerValueFactory;
import javafx.scene.control.TextArea;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the playground. */
final class PlaygroundView {

    private static final List<String> SUGGESTIONS =
            List.of("playground.suggestion.1", "playground.suggestion.2", "playground.suggestion.3");

    private final PlaygroundModel model;
    private final Texts texts;
    private final Formats formats;
    private final PlaygroundController controller;
    private final Verbs verbs;
    private final TextArea composer = new TextArea();
    private final VBox conversation = new VBox(14);
    private final ScrollPane scroll = new ScrollPane(conversation);
    private final HBox root;

    PlaygroundView(PlaygroundModel model, Texts texts, Formats formats, PlaygroundController controller, Verbs verbs) {
        this.model = model;
        this.texts = texts;
        this.formats = formats;
        this.controller = controller;
        this.verbs = verbs;
        var chat = new VBox(14, head(), talk(), composerBox());
        HBox.setHgrow(chat, Priority.ALWAYS);
        chat.setMinWidth(360);
        var side = new VBox(16, answeringCard(), optionsCard());
        side.setMinWidth(286);
        side.setMaxWidth(286);
        root = new HBox(20, chat, side);
        root.getStyleClass().add("screen");
    }

    Parent root() {
        return root;
    }

    private HBox head() {
        var clear = button(texts.get("playground.clear"), Feather.PLUS, this::clear);
        clear.disableProperty().bind(Bindings.isEmpty(model.turns));
        var head = screenHead(texts.get("playground.name"), "", clear);
        var subtitle =
                (Label) ((VBox) head.getChildren().getFirst()).getChildren().get(1);
        subtitle.textProperty().bind(model.subtitle);
        return head;
    }

    private void clear() {
        controller.clear();
        composer.requestFocus();
    }

    private Node talk() {
        conversation.getStyleClass().add("conversation");
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("screen-scroll");
        scroll.setFocusTraversable(false);
        model.turns.addListener((ListChangeListener<Turn>) change -> {
            while (change.next()) {
                if (change.wasRemoved() && model.turns.isEmpty()) {
                    conversation.getChildren().clear();
                }
                change.getAddedSubList()
                        .forEach(turn -> conversation.getChildren().add(turn.user ? said(turn) : answered(turn)));
            }
        });
        conversation.heightProperty().subscribe(height -> scroll.setVvalue(1));
        var suggestions = SUGGESTIONS.stream()
                .map(key ->
                        button(texts.get(key), Feather.CORNER_DOWN_LEFT, () -> controller.ask(texts.get(key)), "chip"))
                .toArray(Button[]::new);
        for (var suggestion : suggestions) {
            suggestion.disableProperty().bind(model.ready.not());
        }
        var first =
                empty(Feather.MESSAGE_SQUARE, texts.get("playground.empty.title"), texts.get("playground.empty.text"));
        var ask = column(8, suggestions);
        ask.setAlignment(Pos.CENTER);
        first.getChildren().add(shownWhen(ask, model.ready));
        var start = button(texts.get("verb.start"), Feather.PLAY, verbs::start, "accent");
        shownWhen(start, verbs.canStartProperty());
        var why = paragraph("", "value", "centred");
        why.textProperty().bind(model.state);
        why.setMaxWidth(420);
        var stopped = column(12, why, start);
        stopped.setAlignment(Pos.CENTER);
        first.getChildren().add(shownWhen(stopped, model.ready.not()));
        shownWhen(first, Bindings.isEmpty(model.turns));
        var stack = new StackPane(scroll, first);
        VBox.setVgrow(stack, Priority.ALWAYS);
        return stack;
    }

    private Node said(Turn turn) {
        var words = paragraph(turn.text.get(), "said");
        words.setMaxWidth(520);
        var line = row(0, space(), words);
        line.setAlignment(Pos.CENTER_RIGHT);
        return line;
    }

    private Node answered(Turn turn) {
        var words = paragraph("", "answer");
        words.textProperty()
                .bind(Bindings.createStringBinding(
                        () -> turn.text.get().isEmpty() && turn.streaming.get()
                                ? texts.get("playground.thinking")
                                : turn.text.get() + (turn.streaming.get() ? " ▍" : ""),
                        turn.text,
                        turn.streaming));
        turn.tone.subscribe(tone -> {
            if (tone == Tone.DANGER) {
                words.getStyleClass().add("failure");
            }
        });
        var footer = label("", "caption");
        footer.textProperty().bind(turn.footer);
        var job = button("", Feather.CHEVRON_RIGHT, () -> controller.openJob(turn.jobId.get()), "link");
        job.textProperty()
                .bind(turn.jobId.map(id -> id.isEmpty() ? "" : texts.get("playground.job", formats.shortId(id))));
        job.accessibleTextProperty().bind(job.textProperty());
        var foot = shownWhen(row(8, footer, job), turn.jobId.isNotEmpty());
        var mark = new HBox(icon(Feather.GRID));
        mark.getStyleClass().add("answer-mark");
        mark.setAlignment(Pos.CENTER);
        mark.setMaxHeight(Region.USE_PREF_SIZE);
        var text = column(6, words, foot);
        HBox.setHgrow(text, Priority.ALWAYS);
        var line = row(12, mark, text);
        line.setAlignment(Pos.TOP_LEFT);
        return line;
    }

    private Node composerBox() {
        composer.setId("composer");
        composer.setPromptText(texts.get("playground.prompt"));
        composer.setAccessibleText(texts.get("playground.prompt"));
        composer.setWrapText(true);
        composer.setPrefRowCount(2);
        composer.setMinHeight(62);
        composer.addEventFilter(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ENTER && !event.isShiftDown()) {
                send();
                event.consume();
            } else if (event.getCode() == KeyCode.TAB && !event.isShortcutDown()) {
                // Tab leaves the field, as in every other control.
                composer.requestFocusTraversal(
                        event.isShiftDown() ? TraversalDirection.PREVIOUS : TraversalDirection.NEXT);
                event.consume();
            }
        });
        HBox.setHgrow(composer, Priority.ALWAYS);
        var send = button(texts.get("playground.send"), Feather.SEND, this::send, "accent");
        send.setId("send");
        send.disableProperty().bind(model.ready.not().or(composer.textProperty().isEmpty()));
        shownWhen(send, model.answering.not());
        var stop = button(texts.get("playground.stop"), Feather.SQUARE, controller::stop);
        stop.setId("stop");
        shownWhen(stop, model.answering);
        var box = row(10, composer, send, stop);
        box.getStyleClass().add("composer");
        return box;
    }

    private void send() {
        if (model.ready.get() && !model.answering.get() && !composer.getText().isBlank()) {
            controller.ask(composer.getText());
            composer.clear();
        }
    }

    private VBox answeringCard() {
        var rows = column(10);
        model.stages.subscribe(stages -> {
            rows.getChildren().setAll(stages.stream().map(this::line).toList());
            if (stages.isEmpty()) {
                rows.getChildren().setAll(paragraph(texts.get("pipeline.empty.text"), "muted"));
            }
        });
        var chart = new HopChart().words(value -> texts.get("unit.milliseconds", formats.decimal(value, 1)));
        chart.setAccessibleText(texts.get("playground.trace"));
        model.trace.subscribe(chart::show);
        var rate = figure(model.rate, "playground.rate");
        var first = figure(model.firstToken, "playground.first");
        var figures = shownWhen(row(0, rate, space(), first), model.rate.isNotEmpty());
        var trace =
                shownWhen(column(4, label(texts.get("playground.trace"), "caption"), chart), model.rate.isNotEmpty());
        var card = titledCard(texts.get("playground.stages"), rows, figures, trace);
        var tokens = label("", "caption");
        tokens.textProperty().bind(model.tokens);
        headOf(card).getChildren().add(tokens);
        return card;
    }

    private VBox figure(javafx.beans.property.StringProperty value, String key) {
        var number = label("", "figure-small");
        number.textProperty().bind(value);
        return column(0, number, label(texts.get(key), "caption"));
    }

    private Node line(Stage stage) {
        var dot = new Region();
        dot.getStyleClass().addAll("stage-dot", PipelineMap.stageClass(stage.index()));
        var time = label(stage.time(), "stage-time");
        var bar = new StackPane();
        bar.getStyleClass().add("stage-bar");
        var fill = new Region();
        fill.getStyleClass().addAll("stage-fill", PipelineMap.stageClass(stage.index()));
        fill.maxWidthProperty().bind(bar.widthProperty().multiply(Math.clamp(stage.share(), 0, 1)));
        StackPane.setAlignment(fill, Pos.CENTER_LEFT);
        bar.getChildren().add(fill);
        return column(6, row(8, dot, label(stage.name(), "value"), label(stage.peer(), "caption"), space(), time), bar);
    }

    private VBox optionsCard() {
        var card = titledCard(texts.get("playground.options"));
        card.getChildren()
                .addAll(
                        slider("playground.temperature", model.temperature, 2, v -> formats.decimal(v, 2)),
                        slider("playground.top-p", model.topP, 1, v -> formats.decimal(v, 2)),
                        maxTokens(),
                        seed());
        return card;
    }

    private Node slider(String key, DoubleProperty value, double maximum, DoubleFunction<String> words) {
        var slider = new Slider(0, maximum, value.get());
        slider.setBlockIncrement(0.05);
        slider.setAccessibleText(texts.get(key));
        slider.valueProperty().bindBidirectional(value);
        var shown = label("", "value");
        shown.textProperty().bind(Bindings.createStringBinding(() -> words.apply(value.get()), value));
        return column(2, row(8, label(texts.get(key), "muted"), space(), shown), slider);
    }

    private Node maxTokens() {
        var factory = new SpinnerValueFactory.IntegerSpinnerValueFactory(1, 2048, model.maxTokens.get(), 16);
        factory.valueProperty().subscribe(next -> model.maxTokens.set(next));
        return spinner("playground.max-tokens", new Spinner<>(factory));
    }

    private Node seed() {
        var factory =
                new SpinnerValueFactory.IntegerSpinnerValueFactory(0, Integer.MAX_VALUE, (int) model.seed.get(), 1);
        factory.valueProperty().subscribe(next -> model.seed.set(next));
        return spinner("playground.seed", new Spinner<>(factory));
    }

    private Node spinner(String key, Spinner<Integer> spinner) {
        spinner.setEditable(true);
        spinner.setPrefWidth(120);
        spinner.setAccessibleText(texts.get(key));
        spinner.getEditor().setAccessibleText(texts.get(key));
        return row(8, label(texts.get(key), "muted"), space(), spinner);
    }
}
