package io.infergrid.libp2p.codec;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Messages with their length as a uvarint before them, as most protocols of libp2p frame them on a stream. */
public final class LengthPrefixed {

    private LengthPrefixed() {}

    /**
     * Reads one message.
     *
     * @param max the most bytes it may have; checked before memory is taken
     * @param what the protocol, for the failure's text
     * @throws DecodeException if it is longer
     * @throws EOFException if the stream ends before it does
     */
    public static byte[] read(InputStream in, int max, String what) throws IOException {
        int length = Uvarint.readLength(in, max, what);
        var message = in.readNBytes(length);
        if (message.length < length) {
            throw new EOFException(what + ": expected " + length + " bytes, found " + message.length);
        }
        return message;
    }

    /** Writes one message in a single piece and flushes it. */
    public static void write(OutputStream out, byte[] message) throws IOException {
        var framed = new ByteArrayOutputStream(message.length + Uvarint.MAX_BYTES);
        Uvarint.write(framed, message.length);
        framed.writeBytes(message);
        framed.writeTo(out);
        out.flush();
    }
}
