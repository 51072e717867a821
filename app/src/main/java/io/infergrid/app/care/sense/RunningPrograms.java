package io.infergrid.app.care.sense;

import io.infergrid.app.care.Yielding;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The executables that run, as far as this user may see them. The same on all systems. */
final class RunningPrograms implements Sensor<Set<String>> {

    @Override
    public Optional<Set<String>> read() {
        return Optional.of(ProcessHandle.allProcesses()
                .flatMap(process -> process.info().command().stream())
                .map(Yielding::executable)
                .collect(Collectors.toSet()));
    }

    /** The name of a process's executable, in the form of {@link Yielding#executable}. */
    static Optional<String> of(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().command())
                .map(Yielding::executable);
    }

    @Override
    public String how() {
        return "the system's list of processes";
    }
}
