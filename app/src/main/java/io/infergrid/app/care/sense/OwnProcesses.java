package io.infergrid.app.care.sense;

import java.util.Optional;

/** This process and those that it started: the window and the workers. */
final class OwnProcesses {

    private OwnProcesses() {}

    static boolean contains(long pid) {
        long own = ProcessHandle.current().pid();
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        while (process.isPresent()) {
            if (process.get().pid() == own) {
                return true;
            }
            process = process.get().parent();
        }
        return false;
    }
}
