package io.infergrid.compute.gguf;

/** A GGUF file, or a model in one, that cannot be used; the message says what was expected, what was found and where. */
public final class GgufException extends RuntimeException {

    public GgufException(String message) {
        super(message);
    }

    public GgufException(String message, Throwable cause) {
        super(message, cause);
    }
}
