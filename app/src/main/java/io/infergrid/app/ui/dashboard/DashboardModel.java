package io.infergrid.app.ui.dashboard;

import io.infergrid.app.core.DeviceView;
import io.infergrid.app.ui.Throughput;
import io.infergrid.app.ui.Tone;
import io.infergrid.app.ui.control.PipelineMap;
import java.util.List;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.jspecify.annotations.Nullable;

/** What the dashboard shows, in words. */
final class DashboardModel {

    final ObjectProperty<Tone> tone = new SimpleObjectProperty<>(Tone.NEUTRAL);
    final StringProperty stateWord = new SimpleStringProperty("");
    final StringProperty sentence = new SimpleStringProperty("");
    final StringProperty hint = new SimpleStringProperty("");
    final StringProperty rate = new SimpleStringProperty("");
    final StringProperty peak = new SimpleStringProperty("");
    final ObjectProperty<Throughput.@Nullable History> history = new SimpleObjectProperty<>();
    final ObjectProperty<@Nullable DeviceView> device = new SimpleObjectProperty<>();
    final StringProperty model = new SimpleStringProperty("");
    final ObjectProperty<List<PipelineMap.Stop>> stages = new SimpleObjectProperty<>(List.of());
    final StringProperty checksTitle = new SimpleStringProperty("");
    final ObjectProperty<List<Check>> checks = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<List<Event>> events = new SimpleObjectProperty<>(List.of());
    final ObjectProperty<Day> day = new SimpleObjectProperty<>(new Day(0, 0));
    final ObjectProperty<List<Job>> jobs = new SimpleObjectProperty<>(List.of());
    final StringProperty jobsFailure = new SimpleStringProperty("");

    /** One line of "why am I not working?": what was looked at and, if it is not well, what would end it. */
    record Check(Tone tone, String text, String hint) {}

    /** Something that happened lately. */
    record Event(Tone tone, String text, String when) {}

    record Job(String id, Tone tone, String state, String model, String when, String tokens, String rate) {}

    /** What was asked and served since midnight. */
    record Day(int jobs, long tokens) {}
}
