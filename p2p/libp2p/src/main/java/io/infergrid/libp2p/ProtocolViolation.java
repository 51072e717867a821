package io.infergrid.libp2p;

import java.io.IOException;

/** A peer broke a protocol; the connection ends. The message says what was expected and what was found. */
public final class ProtocolViolation extends IOException {

    private final Event event;

    public ProtocolViolation(Event event, String message) {
        super(message);
        this.event = event;
    }

    /** What to count it as. */
    public Event event() {
        return event;
    }
}
