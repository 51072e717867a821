package io.infergrid.app.ui.jobs;

import io.infergrid.app.core.JobRecord;
import java.util.List;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;

/** What the jobs screen shows. */
final class JobsModel {

    /** Which jobs are wanted; the names are those of the stored states. */
    enum Filter {
        ALL,
        RUNNING,
        FINISHED,
        FAILED,
        CANCELLED
    }

    /** What the table's place shows. */
    enum Phase {
        LOADING,
        /** Nothing was ever stored. */
        EMPTY,
        /** Something is stored, but nothing fits the search. */
        NO_MATCH,
        FAILED,
        FILLED
    }

    final StringProperty search = new SimpleStringProperty("");
    final ObjectProperty<Filter> filter = new SimpleObjectProperty<>(Filter.ALL);
    final ObjectProperty<Phase> phase = new SimpleObjectProperty<>(Phase.LOADING);
    final StringProperty failure = new SimpleStringProperty("");
    final StringProperty count = new SimpleStringProperty("");
    final ObservableList<JobRecord> jobs = FXCollections.observableArrayList();
    final ObjectProperty<@Nullable JobRecord> chosen = new SimpleObjectProperty<>();
    final ObjectProperty<List<JobRecord.Window>> windows = new SimpleObjectProperty<>(List.of());
    final StringProperty windowsFailure = new SimpleStringProperty("");
}
