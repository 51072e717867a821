package io.infergrid.libp2p.codec;

import java.io.IOException;

/** Bytes or text from outside that do not follow their format; the message says what was expected and what was found. */
public final class DecodeException extends IOException {

    public DecodeException(String message) {
        super(message);
    }
}
