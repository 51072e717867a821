package io.infergrid.app.ui;

import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.RigState;

/** States and pause reasons in the window's words; the command line and the API have the same in English. */
public final class StateWords {

    private StateWords() {}

    /** The key of the one word for a state. */
    public static String key(RigState state) {
        return switch (state) {
            case RigState.Idle _ -> "idle";
            case RigState.Starting _ -> "starting";
            case RigState.Running _ -> "running";
            case RigState.Finishing _ -> "finishing";
            case RigState.Paused _ -> "paused";
        };
    }

    /** One sentence for a state. What is being started or served is the rig's own wording. */
    public static String sentence(Texts texts, RigState state) {
        return switch (state) {
            case RigState.Idle _ -> texts.get("state.idle.sentence");
            case RigState.Starting(var step) -> step;
            case RigState.Running(var what) -> what;
            case RigState.Finishing(var sessionsLeft) -> texts.get("state.finishing.sentence", sessionsLeft);
            case RigState.Paused(var reasons) ->
                texts.get(
                        "state.paused.sentence",
                        sentence(texts, reasons.getFirst()),
                        endsWhen(texts, reasons.getFirst()));
        };
    }

    /** What is going on. */
    public static String sentence(Texts texts, PauseReason reason) {
        String key = "pause." + key(reason);
        return switch (reason) {
            case PauseReason.GameRunning(var program) -> texts.get(key, program);
            case PauseReason.TooHot(var celsius, var limit) -> texts.get(key, celsius, limit);
            case PauseReason.DiskFull(var folder) -> texts.get(key, folder);
            case PauseReason.RepeatedFailure(var what) -> texts.get(key, what.replaceFirst("\\.$", ""));
            default -> texts.get(key);
        };
    }

    /** What would end it. */
    public static String endsWhen(Texts texts, PauseReason reason) {
        String key = "pause." + key(reason) + ".ends";
        return reason instanceof PauseReason.OutsideSchedule(var nextStart)
                ? texts.get(key, nextStart)
                : texts.get(key);
    }

    private static String key(PauseReason reason) {
        return switch (reason) {
            case PauseReason.ByUser _ -> "by-user";
            case PauseReason.GameRunning _ -> "game";
            case PauseReason.GpuBusyWithOthers _ -> "gpu-busy";
            case PauseReason.UserActive _ -> "user-active";
            case PauseReason.OnBattery _ -> "battery";
            case PauseReason.TooHot _ -> "too-hot";
            case PauseReason.PowerLimit _ -> "power";
            case PauseReason.OutsideSchedule _ -> "schedule";
            case PauseReason.BelowPriceFloor _ -> "price";
            case PauseReason.NoNetwork _ -> "network";
            case PauseReason.DiskFull _ -> "disk";
            case PauseReason.BenchmarkRunning _ -> "benchmark";
            case PauseReason.UpdatePending _ -> "update";
            case PauseReason.RepeatedFailure _ -> "failures";
        };
    }
}
