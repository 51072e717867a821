package io.infergrid.app.ui.control;

import java.util.function.IntConsumer;
import javafx.beans.value.ObservableValue;
import javafx.scene.control.TextField;

/** A whole number that is typed; it counts on Enter and when the field is left, and what is no such number goes back to the one before. */
public final class NumberField extends TextField {

    private static final double WIDTH = 110;

    /**
     * @param most the largest that is taken; the smallest is 0
     * @param sentence what a screen reader says of it
     * @param chosen told of another number
     */
    public NumberField(ObservableValue<Integer> now, int most, String sentence, IntConsumer chosen) {
        setAccessibleText(sentence);
        setPrefWidth(WIDTH);
        setMinWidth(WIDTH);
        setMaxWidth(WIDTH);
        now.subscribe(value -> setText(String.valueOf(value)));
        setOnAction(event -> commit(now, most, chosen));
        focusedProperty().subscribe(focused -> {
            if (!focused && getScene() != null) {
                commit(now, most, chosen);
            }
        });
    }

    private void commit(ObservableValue<Integer> now, int most, IntConsumer chosen) {
        int before = now.getValue();
        int typed = TypedNumber.of(getText(), most, before);
        setText(String.valueOf(typed));
        if (typed != before) {
            chosen.accept(typed);
        }
    }
}
