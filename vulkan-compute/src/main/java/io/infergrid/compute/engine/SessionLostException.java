package io.infergrid.compute.engine;

import org.jspecify.annotations.Nullable;

/**
 * The keys and values of a session are gone with the device that held them. The stage has been loaded again and works: close the
 * session, open another, and give it the same positions again; they have the same bytes.
 */
public final class SessionLostException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int positions;

    /** @param positions that the session had */
    public SessionLostException(int positions) {
        this(positions, null);
    }

    /** @param cause what the device said */
    public SessionLostException(int positions, @Nullable Throwable cause) {
        super("the device was lost and with it a session of " + positions + " positions: replay them", cause);
        this.positions = positions;
    }

    /** Positions to replay. */
    public int positions() {
        return positions;
    }
}
