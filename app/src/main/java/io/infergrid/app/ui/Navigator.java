package io.infergrid.app.ui;

/** Takes the user to another place. JavaFX thread only. */
public interface Navigator {

    void open(Place place);

    /** Opens the jobs with one of them chosen. */
    void openJob(String id);
}
