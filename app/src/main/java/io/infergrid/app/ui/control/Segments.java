package io.infergrid.app.ui.control;

import java.util.function.Consumer;
import java.util.function.Function;
import javafx.beans.value.ObservableValue;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** One of a few choices, side by side; one of them always holds. */
public final class Segments<T> extends HBox {

    /**
     * @param words what a choice is called
     * @param sentence what a screen reader says of it
     * @param chosen told when the user takes another choice
     */
    public Segments(
            Iterable<T> choices,
            ObservableValue<T> now,
            Function<T, String> words,
            Function<T, String> sentence,
            Consumer<T> chosen) {
        getStyleClass().add("segments");
        setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        var group = new ToggleGroup();
        for (var choice : choices) {
            var segment = new ToggleButton(words.apply(choice));
            segment.setAccessibleText(sentence.apply(choice));
            segment.setToggleGroup(group);
            segment.getStyleClass().add("segment");
            segment.setMinWidth(Region.USE_PREF_SIZE);
            segment.setOnAction(event -> {
                segment.setSelected(true);
                chosen.accept(choice);
            });
            now.subscribe(value -> segment.setSelected(choice.equals(value)));
            getChildren().add(segment);
        }
    }
}
