package io.infergrid.app.ui.settings;

import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;

import io.infergrid.app.core.Settings;
import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.control.Segments;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;

/** The controls of how the rig works: the same in the settings and in the welcome. */
public final class RigOptions {

    private RigOptions() {}

    /** Which device computes. */
    public static Node backend(
            Texts texts, ObservableValue<Settings> settings, Consumer<UnaryOperator<Settings>> change) {
        return line(
                texts,
                "settings.backend",
                new Segments<>(
                        List.of(BackendChoice.values()),
                        settings.map(Settings::backend),
                        choice -> texts.get("settings.backend." + choice.name().toLowerCase(Locale.ROOT)),
                        choice -> texts.get(
                                "settings.choice",
                                texts.get("settings.backend"),
                                texts.get("settings.backend." + choice.name().toLowerCase(Locale.ROOT))),
                        choice -> change.accept(now -> now.withBackend(choice))));
    }

    /** How many worker processes the local grid has. */
    public static Node workers(
            Texts texts, ObservableValue<Settings> settings, Consumer<UnaryOperator<Settings>> change) {
        return line(
                texts,
                "settings.workers",
                new Segments<>(
                        IntStream.rangeClosed(Settings.MIN_WORKERS, Settings.MAX_WORKERS)
                                .boxed()
                                .toList(),
                        settings.map(Settings::workers),
                        count -> texts.get("settings.workers.count", count),
                        count -> texts.get("settings.choice", texts.get("settings.workers"), count),
                        count -> change.accept(now -> now.withWorkers(count))));
    }

    /** Whether programs on this computer may use the grid. */
    public static Node gateway(
            Texts texts, ObservableValue<Settings> settings, Consumer<UnaryOperator<Settings>> change) {
        var box = box(
                texts,
                "settings.gateway",
                settings.map(Settings::gateway),
                on -> change.accept(now -> now.withGateway(on, now.gatewayPort())));
        var words = paragraph("", "caption");
        words.textProperty()
                .bind(settings.map(now -> texts.get("settings.gateway.hint", Integer.toString(now.gatewayPort()))));
        return column(2, box, words);
    }

    /** Whether opening the window also presses Start. */
    public static Node startWhenOpened(
            Texts texts, ObservableValue<Settings> settings, Consumer<UnaryOperator<Settings>> change) {
        return box(
                texts,
                "settings.start-when-opened",
                settings.map(Settings::startWhenOpened),
                on -> change.accept(now -> now.withStartWhenOpened(on)));
    }

    private static CheckBox box(Texts texts, String key, ObservableValue<Boolean> now, Consumer<Boolean> chosen) {
        var box = new CheckBox(texts.get(key));
        box.setAccessibleText(texts.get(key));
        now.subscribe(on -> box.setSelected(Boolean.TRUE.equals(on)));
        box.setOnAction(event -> chosen.accept(box.isSelected()));
        return box;
    }

    private static HBox line(Texts texts, String key, Node control) {
        var words = column(1, label(texts.get(key)), paragraph(texts.get(key + ".hint"), "caption"));
        HBox.setHgrow(words, Priority.ALWAYS);
        return row(12, words, control);
    }
}
