package io.infergrid.app.ui;

import io.infergrid.app.core.RigState;

/** The key of the one word for a state. */
public final class StateWords {

    private StateWords() {}

    public static String key(RigState state) {
        return switch (state) {
            case RigState.Idle _ -> "idle";
            case RigState.Starting _ -> "starting";
            case RigState.Running _ -> "running";
            case RigState.Finishing _ -> "finishing";
            case RigState.Paused _ -> "paused";
        };
    }
}
