package io.infergrid.app.core;

/** A question that the rig could not answer; the message is one line for whoever asked. */
public final class ChatException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Kind kind;

    public ChatException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    public enum Kind {
        /** The rig does not take questions now: not started, paused, or without a pipeline. */
        UNAVAILABLE,
        /** The question itself cannot be answered, e.g. it is longer than the model's context. */
        BAD_REQUEST,
        /** The grid failed while it answered. */
        FAILED
    }
}
