package io.infergrid.app.ui;

import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;

/** The three verbs and which of them makes sense now. JavaFX thread only. */
public final class Verbs {

    private final Desk desk;
    private final ReadOnlyBooleanWrapper canStart = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper canPause = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper canFinish = new ReadOnlyBooleanWrapper();

    public Verbs(Desk desk) {
        this.desk = desk;
    }

    void follow(RigState state) {
        canStart.set(
                switch (state) {
                    case RigState.Idle _, RigState.Finishing _ -> true;
                    case RigState.Starting _, RigState.Running _ -> false;
                    case RigState.Paused(var reasons) ->
                        reasons.stream()
                                .anyMatch(reason -> reason instanceof PauseReason.ByUser
                                        || reason instanceof PauseReason.RepeatedFailure);
                });
        canPause.set(state instanceof RigState.Starting
                || state instanceof RigState.Running
                || state instanceof RigState.Finishing);
        canFinish.set(state instanceof RigState.Running);
    }

    public void start() {
        run(desk.rig()::start);
    }

    public void pause() {
        run(desk.rig()::pause);
    }

    public void finishThenStop() {
        run(desk.rig()::finishThenStop);
    }

    private void run(Runnable verb) {
        desk.inBackground(verb, "message.verb-failed");
    }

    public ReadOnlyBooleanProperty canStartProperty() {
        return canStart.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty canPauseProperty() {
        return canPause.getReadOnlyProperty();
    }

    public ReadOnlyBooleanProperty canFinishProperty() {
        return canFinish.getReadOnlyProperty();
    }
}
