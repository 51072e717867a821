package io.infergrid.compute.slice;

/** A member of a sliced stage is gone, or says something that does not follow. */
public final class SliceLostException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public SliceLostException(String message) {
        super(message);
    }

    public SliceLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
