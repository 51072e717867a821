package io.infergrid.app.ui.benchmark;

import io.infergrid.app.core.BenchmarkRecord;
import java.util.List;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** What the benchmark screen shows; the welcome shows the live part of it. */
public final class BenchmarkModel {

    public final BooleanProperty running = new SimpleBooleanProperty();
    public final DoubleProperty fraction = new SimpleDoubleProperty();
    public final StringProperty step = new SimpleStringProperty("");
    public final ObjectProperty<Series> live = new SimpleObjectProperty<>(Series.NONE);
    /** Newest first. */
    public final ObjectProperty<List<BenchmarkRecord>> records = new SimpleObjectProperty<>(List.of());

    public final StringProperty failure = new SimpleStringProperty("");

    /**
     * The points of the plot that grows.
     *
     * @param key of the figure that is being measured, empty before the first point
     */
    public record Series(String key, List<Double> seconds, List<Double> values) {
        static final Series NONE = new Series("", List.of(), List.of());
    }
}
