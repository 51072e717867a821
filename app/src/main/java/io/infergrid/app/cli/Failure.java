package io.infergrid.app.cli;

/** Ends a command with one line for its user and exit status 1. */
final class Failure extends RuntimeException {

    private static final long serialVersionUID = 1;

    Failure(String message) {
        super(message);
    }
}
