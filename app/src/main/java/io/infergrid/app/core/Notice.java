package io.infergrid.app.core;

import java.time.Instant;

/** Something that happened to the rig and that its owner should know, e.g. a worker that was started again. */
public record Notice(Instant at, Severity severity, String text) {

    public enum Severity {
        INFO,
        WARNING,
        ERROR
    }
}
