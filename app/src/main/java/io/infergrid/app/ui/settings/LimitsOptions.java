package io.infergrid.app.ui.settings;

import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.paragraph;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.titledCard;

import io.infergrid.app.core.Limits;
import io.infergrid.app.core.Rig.Ability;
import io.infergrid.app.core.Schedule;
import io.infergrid.app.core.Settings;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.control.NumberField;
import io.infergrid.app.ui.control.Segments;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** What the rig yields to: the card of the settings. A sensor that does not work here says so below. */
final class LimitsOptions {

    /** Schedules that can be chosen by a press; the settings file takes any. */
    private enum Hours {
        ALWAYS(Schedule.ALWAYS),
        NIGHTS(new Schedule(Collections.nCopies(7, "0-8 22-24"))),
        WORKDAYS(new Schedule(List.of("8-17", "8-17", "8-17", "8-17", "8-17", "", "")));

        private final Schedule schedule;

        Hours(Schedule schedule) {
            this.schedule = schedule;
        }
    }

    private final Texts texts;
    private final ObservableValue<Settings> settings;
    private final ObservableValue<List<Ability>> abilities;
    private final Consumer<UnaryOperator<Settings>> change;

    LimitsOptions(
            Texts texts,
            ObservableValue<Settings> settings,
            ObservableValue<List<Ability>> abilities,
            Consumer<UnaryOperator<Settings>> change) {
        this.texts = texts;
        this.settings = settings;
        this.abilities = abilities;
        this.change = change;
    }

    VBox card() {
        return titledCard(
                texts.get("settings.limits"),
                box("games", Limits::games, (draft, on) -> draft.games = on),
                programs(),
                box("battery", Limits::onBattery, (draft, on) -> draft.onBattery = on),
                hours(),
                number("idle", 24 * 60, Limits::idleMinutes, (draft, value) -> draft.idleMinutes = value),
                number("others", 100, Limits::othersGpuPercent, (draft, value) -> draft.othersGpuPercent = value),
                number("celsius", 110, Limits::maxCelsius, (draft, value) -> draft.maxCelsius = value),
                number("watts", 2000, Limits::maxWatts, (draft, value) -> draft.maxWatts = value),
                number("duty", 100, Limits::dutyPercent, (draft, value) -> draft.dutyPercent = value),
                blind());
    }

    private CheckBox box(String name, Function<Limits, Boolean> now, BiConsumer<Limits.Draft, Boolean> set) {
        var words = texts.get("settings.limits." + name);
        var box = new CheckBox(words);
        box.setAccessibleText(words);
        settings.map(all -> now.apply(all.limits())).subscribe(on -> box.setSelected(Boolean.TRUE.equals(on)));
        box.setOnAction(event -> change(draft -> set.accept(draft, box.isSelected())));
        return box;
    }

    private Node number(String name, int most, Function<Limits, Integer> now, BiConsumer<Limits.Draft, Integer> set) {
        var key = "settings.limits." + name;
        return line(
                key,
                new NumberField(
                        settings.map(all -> now.apply(all.limits())),
                        most,
                        texts.get(key),
                        value -> change(draft -> set.accept(draft, value))));
    }

    private Node programs() {
        var field = new TextField();
        field.setAccessibleText(texts.get("settings.limits.programs"));
        field.setPromptText(texts.get("settings.limits.programs.prompt"));
        field.setPrefColumnCount(14);
        field.setMinWidth(TextField.USE_PREF_SIZE);
        settings.map(all -> String.join(", ", all.limits().exclusivePrograms())).subscribe(field::setText);
        Runnable keep = () -> change(
                draft -> draft.exclusivePrograms = Arrays.stream(field.getText().split(","))
                        .map(String::strip)
                        .filter(program -> !program.isEmpty())
                        .toList());
        field.setOnAction(event -> keep.run());
        field.focusedProperty().subscribe((was, is) -> {
            if (was && !is) {
                keep.run();
            }
        });
        return line("settings.limits.programs", field);
    }

    private Node hours() {
        return line(
                "settings.limits.hours",
                new Segments<>(
                        List.of(Hours.values()),
                        settings.map(all -> Arrays.stream(Hours.values())
                                .filter(hours ->
                                        hours.schedule.equals(all.limits().schedule()))
                                .findFirst()
                                .orElse(null)),
                        hours -> texts.get("settings.limits.hours." + hours.ordinal()),
                        hours -> texts.get(
                                "settings.choice",
                                texts.get("settings.limits.hours"),
                                texts.get("settings.limits.hours." + hours.ordinal())),
                        hours -> change(draft -> draft.schedule = hours.schedule)));
    }

    /** What cannot be found out on this computer, with the reason. */
    private Node blind() {
        var lines = column(2);
        abilities.subscribe(all -> lines.getChildren()
                .setAll(all.stream()
                        .filter(ability -> !ability.available())
                        .map(ability -> paragraph(
                                texts.get(
                                        "settings.limits.blind",
                                        texts.getOr("settings.limits.sense." + ability.senses(), ability.senses()),
                                        ability.how()),
                                "caption"))
                        .toList()));
        return lines;
    }

    private HBox line(String key, Node control) {
        var words = column(1, label(texts.get(key)), paragraph(texts.get(key + ".hint"), "caption"));
        HBox.setHgrow(words, Priority.ALWAYS);
        return row(12, words, control);
    }

    private void change(Consumer<Limits.Draft> set) {
        change.accept(all -> all.withLimits(limits -> limits.but(set)));
    }
}
