package io.infergrid.app.ui.settings;

import static io.infergrid.app.ui.control.Widgets.button;
import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.headOf;
import static io.infergrid.app.ui.control.Widgets.icon;
import static io.infergrid.app.ui.control.Widgets.iconButton;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.screenHead;
import static io.infergrid.app.ui.control.Widgets.scrolling;
import static io.infergrid.app.ui.control.Widgets.space;
import static io.infergrid.app.ui.control.Widgets.titledCard;
import static io.infergrid.app.ui.control.Widgets.tone;

import io.infergrid.app.core.Check;
import io.infergrid.app.core.Settings;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Place;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.control.Segments;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.feather.Feather;

/** The nodes of the settings. */
final class SettingsView {

    private final SettingsController controller;
    private final Desk desk;
    private final Texts texts;
    private final ScrollPane root;

    SettingsView(SettingsController controller, Desk desk) {
        this.controller = controller;
        this.desk = desk;
        texts = desk.texts();
        var left = column(16, appearanceCard(), rigCard(), sharingCard(), foldersCard());
        var right = column(16, limitsCard(), selfTestCard(), keysCard(), aboutCard());
        HBox.setHgrow(left, Priority.ALWAYS);
        HBox.setHgrow(right, Priority.ALWAYS);
        left.setPrefWidth(520);
        right.setPrefWidth(420);
        var both = row(16, left, right);
        both.setAlignment(Pos.TOP_LEFT);
        root = scrolling(column(16, screenHead(texts.get("settings.name"), texts.get("settings.subtitle")), both));
    }

    Parent root() {
        return root;
    }

    private VBox appearanceCard() {
        return titledCard(
                texts.get("settings.appearance"),
                line(
                        "settings.theme",
                        segments(
                                Settings.Theme.values(),
                                controller.settings.map(Settings::theme),
                                "settings.theme",
                                choice -> controller.change(settings -> settings.withTheme(choice)))));
    }

    private VBox rigCard() {
        return titledCard(
                texts.get("settings.rig"),
                RigOptions.backend(texts, controller.settings, controller::change),
                RigOptions.workers(texts, controller.settings, controller::change),
                RigOptions.gateway(texts, controller.settings, controller::change),
                RigOptions.startWhenOpened(texts, controller.settings, controller::change));
    }

    private VBox limitsCard() {
        return new LimitsOptions(texts, controller.settings, controller.abilities, controller::change).card();
    }

    private VBox sharingCard() {
        return new SharingOptions(texts, controller.settings, controller::change).card();
    }

    private <T extends Enum<T>> Segments<T> segments(
            T[] choices, ObservableValue<T> now, String key, Consumer<T> chosen) {
        return new Segments<>(
                List.of(choices),
                now,
                choice -> texts.get(key + "." + choice.name().toLowerCase(Locale.ROOT)),
                choice -> texts.get(
                        "settings.choice",
                        texts.get(key),
                        texts.get(key + "." + choice.name().toLowerCase(Locale.ROOT))),
                chosen);
    }

    private HBox line(String key, Node control) {
        return row(12, label(texts.get(key)), space(), control);
    }

    private VBox foldersCard() {
        var lines = column(0);
        for (var folder : desk.rig().folders()) {
            var path = label(folder.path().toString(), "mono", "muted");
            path.setMinWidth(0);
            var line = row(
                    8,
                    label(texts.getOr("settings.folder." + folder.purpose(), folder.purpose())),
                    space(),
                    path,
                    iconButton(
                            texts.get("settings.copy-path"),
                            Feather.COPY,
                            () -> controller.copy(folder.path().toString())));
            line.getStyleClass().add("list-line");
            lines.getChildren().add(line);
        }
        return titledCard(texts.get("settings.folders"), lines);
    }

    private VBox selfTestCard() {
        var lines = column(10);
        var intro = paragraph(texts.get("settings.self-test.text"), "muted");
        controller.checks.subscribe(checks -> lines.getChildren()
                .setAll(
                        checks.isEmpty()
                                ? List.of(intro)
                                : checks.stream().map(this::line).toList()));
        var run = button(texts.get("settings.self-test.run"), Feather.CHECK_SQUARE, controller::selfTest);
        run.disableProperty().bind(controller.checking);
        var card = titledCard(texts.get("settings.self-test"), lines);
        headOf(card).getChildren().add(run);
        return card;
    }

    private Node line(Check check) {
        var tone = switch (check.status()) {
            case OK -> Tone.SUCCESS;
            case WARNING -> Tone.WARNING;
            case FAILED -> Tone.DANGER;
        };
        var mark = icon(tone == Tone.SUCCESS ? Feather.CHECK_CIRCLE : Feather.ALERT_CIRCLE, "mark");
        tone(mark, tone);
        var words = column(1, paragraph(check.name(), "value"), paragraph(check.found(), "caption"));
        if (!check.nextStep().isEmpty()) {
            words.getChildren().add(paragraph(check.nextStep()));
        }
        HBox.setHgrow(words, Priority.ALWAYS);
        var line = row(10, mark, words);
        line.setAlignment(Pos.TOP_LEFT);
        return line;
    }

    private VBox keysCard() {
        var lines = column(6);
        for (var place : Place.values()) {
            lines.getChildren()
                    .add(row(
                            8,
                            label(texts.get(place.key() + ".name")),
                            space(),
                            label(texts.get("settings.key.place", place.number()), "mono", "key")));
        }
        Stream.of("send", "line")
                .forEach(key -> lines.getChildren()
                        .add(row(
                                8,
                                label(texts.get("settings.key." + key)),
                                space(),
                                label(texts.get("settings.key." + key + ".keys"), "mono", "key"))));
        return titledCard(texts.get("settings.keys"), lines);
    }

    private VBox aboutCard() {
        var card = titledCard(
                texts.get("settings.about"),
                paragraph(texts.get("settings.about.text", SettingsController.version()), "muted"),
                paragraph(texts.get("settings.about.licences"), "caption"),
                row(8, button(texts.get("settings.copy-diagnostics"), Feather.CLIPBOARD, controller::copyDiagnostics)));
        return card;
    }
}
