package io.infergrid.compute.jinja;

/** A template that cannot be read, asks for what is not there, refuses the conversation, or costs too much. */
public final class JinjaException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public JinjaException(String message) {
        super(message);
    }
}
