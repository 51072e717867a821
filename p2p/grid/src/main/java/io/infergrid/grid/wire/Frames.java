package io.infergrid.grid.wire;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Messages on a stream: length as 4 bytes, then the message. */
public final class Frames {

    private Frames() {}

    /** Writes one message; the caller flushes. */
    public static void write(OutputStream out, byte[] message) throws IOException {
        int n = message.length;
        out.write(new byte[] {(byte) (n >>> 24), (byte) (n >>> 16), (byte) (n >>> 8), (byte) n});
        out.write(message);
    }

    /**
     * The next message, or null if the peer ended the stream between two messages.
     *
     * @throws WireException if it is empty or longer than {@code maxBytes}; nothing is allocated for it
     */
    public static byte @Nullable [] read(InputStream in, int maxBytes) throws IOException {
        byte[] prefix = in.readNBytes(4);
        if (prefix.length == 0) {
            return null;
        }
        if (prefix.length < 4) {
            throw new EOFException("expected the 4 bytes of a frame's length, found " + prefix.length);
        }
        int length = ByteBuffer.wrap(prefix).getInt();
        if (length <= 0 || length > maxBytes) {
            throw new WireException(
                    "expected a frame of 1 to " + maxBytes + " bytes, found " + Integer.toUnsignedString(length));
        }
        byte[] message = in.readNBytes(length);
        if (message.length < length) {
            throw new EOFException("expected a frame of " + length + " bytes, found its end after " + message.length);
        }
        return message;
    }

    /** As {@link #read}, where the peer owes a message. */
    public static byte[] require(InputStream in, int maxBytes, String what) throws IOException {
        byte[] message = read(in, maxBytes);
        if (message == null) {
            throw new EOFException("expected " + what + ", found the end of the stream");
        }
        return message;
    }
}
