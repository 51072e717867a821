package io.infergrid.app.store;

/** The database cannot be used; the message says what was expected and what was found. */
public final class StoreException extends RuntimeException {

    public StoreException(String message) {
        super(message);
    }

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
