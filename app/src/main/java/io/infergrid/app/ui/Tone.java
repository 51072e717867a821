package io.infergrid.app.ui;

import io.infergrid.app.core.Notice;
import io.infergrid.app.core.RigState;
import java.util.Locale;

/** What a thing means: the same colours on all screens. */
public enum Tone {
    NEUTRAL,
    ACCENT,
    SUCCESS,
    WARNING,
    DANGER;

    public static Tone of(RigState state) {
        return switch (state) {
            case RigState.Idle _ -> NEUTRAL;
            case RigState.Starting _, RigState.Finishing _ -> ACCENT;
            case RigState.Running _ -> SUCCESS;
            case RigState.Paused _ -> WARNING;
        };
    }

    public static Tone of(Notice.Severity severity) {
        return switch (severity) {
            case INFO -> NEUTRAL;
            case WARNING -> WARNING;
            case ERROR -> DANGER;
        };
    }

    /** For a job's state as stored. */
    public static Tone ofJob(String state) {
        return switch (state) {
            case "finished" -> SUCCESS;
            case "running" -> ACCENT;
            case "failed" -> DANGER;
            default -> NEUTRAL;
        };
    }

    public String styleClass() {
        return "tone-" + name().toLowerCase(Locale.ROOT);
    }
}
