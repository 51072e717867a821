package io.infergrid.app.ui.playground;

import io.infergrid.app.ui.Tone;
import java.util.List;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.IntegerProperty;
import javafx.beans.property.LongProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.property.SimpleIntegerProperty;
import javafx.beans.property.SimpleLongProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;

/** What the playground shows: the conversation, the stages that answer, the options of the next answer. */
final class PlaygroundModel {

    final ObservableList<Turn> turns = FXCollections.observableArrayList();
    final BooleanProperty answering = new SimpleBooleanProperty();
    final BooleanProperty ready = new SimpleBooleanProperty();
    /** What the rig does instead of answering, while it is not {@link #ready}. */
    final StringProperty state = new SimpleStringProperty("");

    final StringProperty subtitle = new SimpleStringProperty("");
    final StringProperty rate = new SimpleStringProperty("");
    final StringProperty firstToken = new SimpleStringProperty("");
    final StringProperty tokens = new SimpleStringProperty("");
    final ObjectProperty<List<Stage>> stages = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<List<double[]>> trace = new SimpleObjectProperty<>(List.of());

    final DoubleProperty temperature = new SimpleDoubleProperty(0.7);
    final DoubleProperty topP = new SimpleDoubleProperty(0.95);
    final IntegerProperty maxTokens = new SimpleIntegerProperty(200);
    final LongProperty seed = new SimpleLongProperty(1);

    /**
     * A stage that answers.
     *
     * @param time of the last token here
     * @param share of the slowest stage, 0 to 1
     */
    record Stage(int index, String name, String peer, String time, double share) {}

    /** One utterance; its text grows while it is streamed. */
    static final class Turn {
        final boolean user;
        final StringProperty text = new SimpleStringProperty("");
        final StringProperty footer = new SimpleStringProperty("");
        final StringProperty jobId = new SimpleStringProperty("");
        final ObjectProperty<Tone> tone = new SimpleObjectProperty<>(Tone.NEUTRAL);
        final BooleanProperty streaming = new SimpleBooleanProperty();

        Turn(boolean user, String text) {
            this.user = user;
            this.text.set(text);
        }
    }
}
