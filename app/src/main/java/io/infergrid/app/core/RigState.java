package io.infergrid.app.core;

import java.util.List;

/** What the rig is doing. Never {@link Running} while a pause reason holds. */
public sealed interface RigState {

    /** One sentence for window, tray, log and API. */
    String sentence();

    /** Not started since the program came up. */
    record Idle() implements RigState {
        @Override
        public String sentence() {
            return "Not running. Press Start to join the grid.";
        }
    }

    /** Joining: loading a model, starting workers, meeting peers. {@code step} says which. */
    record Starting(String step) implements RigState {
        @Override
        public String sentence() {
            return step;
        }
    }

    record Running(String what) implements RigState {
        @Override
        public String sentence() {
            return what;
        }
    }

    /** Finishing the sessions in hand, taking no new ones, then {@link Idle}. */
    record Finishing(int sessionsLeft) implements RigState {
        @Override
        public String sentence() {
            return sessionsLeft == 1
                    ? "Finishing 1 session, then stopping."
                    : "Finishing " + sessionsLeft + " sessions, then stopping.";
        }
    }

    /** @param reasons at least one, the first the one to show first */
    record Paused(List<PauseReason> reasons) implements RigState {
        public Paused {
            reasons = List.copyOf(reasons);
            if (reasons.isEmpty()) {
                throw new IllegalArgumentException("expected at least one pause reason, found none");
            }
        }

        @Override
        public String sentence() {
            return reasons.getFirst().sentence() + " " + reasons.getFirst().endsWhen();
        }
    }
}
