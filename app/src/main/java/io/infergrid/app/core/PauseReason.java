package io.infergrid.app.core;

/** Why the rig does not work. Several may hold at once; each has one sentence, the same in window, tray, log and API. */
public sealed interface PauseReason {

    /** What is going on, e.g. "Paused by you." */
    String sentence();

    /** What would end it, e.g. "Press Start." */
    String endsWhen();

    record ByUser() implements PauseReason {
        @Override
        public String sentence() {
            return "Paused by you.";
        }

        @Override
        public String endsWhen() {
            return "Press Start to go on.";
        }
    }

    record GameRunning(String program) implements PauseReason {
        @Override
        public String sentence() {
            return program + " is running.";
        }

        @Override
        public String endsWhen() {
            return "Goes on a few minutes after it is closed.";
        }
    }

    record GpuBusyWithOthers() implements PauseReason {
        @Override
        public String sentence() {
            return "Other programs are using the GPU.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when they are done.";
        }
    }

    record UserActive() implements PauseReason {
        @Override
        public String sentence() {
            return "You are using this computer.";
        }

        @Override
        public String endsWhen() {
            return "Goes on after it has been idle for a while.";
        }
    }

    record OnBattery() implements PauseReason {
        @Override
        public String sentence() {
            return "Running on battery.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when plugged in.";
        }
    }

    record TooHot(int celsius, int limitCelsius) implements PauseReason {
        @Override
        public String sentence() {
            return "The GPU is at " + celsius + " °C, above your limit of " + limitCelsius + " °C.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when it has cooled down.";
        }
    }

    record PowerLimit() implements PauseReason {
        @Override
        public String sentence() {
            return "Your power or duty limit is reached.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when the average is below it again.";
        }
    }

    record OutsideSchedule(String nextStart) implements PauseReason {
        @Override
        public String sentence() {
            return "Outside your schedule.";
        }

        @Override
        public String endsWhen() {
            return "Goes on at " + nextStart + ".";
        }
    }

    record BelowPriceFloor() implements PauseReason {
        @Override
        public String sentence() {
            return "Earnings would be below your floor.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when the estimate is above it, or when you lower the floor.";
        }
    }

    record NoNetwork() implements PauseReason {
        @Override
        public String sentence() {
            return "No network.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when the connection is back.";
        }
    }

    record DiskFull(String folder) implements PauseReason {
        @Override
        public String sentence() {
            return "The disk that holds " + folder + " is full.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when there is room, or when you choose another folder.";
        }
    }

    record BenchmarkRunning() implements PauseReason {
        @Override
        public String sentence() {
            return "A benchmark is running.";
        }

        @Override
        public String endsWhen() {
            return "Goes on when it is done.";
        }
    }

    record UpdatePending() implements PauseReason {
        @Override
        public String sentence() {
            return "An update is waiting to be installed.";
        }

        @Override
        public String endsWhen() {
            return "Goes on after the restart.";
        }
    }

    record RepeatedFailure(String what) implements PauseReason {
        @Override
        public String sentence() {
            return "Stopped after repeated failures: " + what + (what.endsWith(".") ? "" : ".");
        }

        @Override
        public String endsWhen() {
            return "Run the self-test, then press Start.";
        }
    }
}
