package io.infergrid.grid.wire;

import java.io.IOException;

/** A message from a peer, or from disk, that is not as the protocol says; the message tells what was expected and found. */
public final class WireException extends IOException {

    private static final long serialVersionUID = 1;

    public WireException(String message) {
        super(message);
    }
}
