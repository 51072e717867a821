package io.infergrid.libp2p.codec;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** Unsigned varints of multiformats: 7 bits a byte, low bits first, at most nine bytes (63 bits), and no longer than needed. */
public final class Uvarint {

    public static final int MAX_BYTES = 9;

    private Uvarint() {}

    public static byte[] encode(long value) {
        var out = new ByteArrayOutputStream(MAX_BYTES);
        write(out, value);
        return out.toByteArray();
    }

    public static void write(ByteArrayOutputStream out, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("a uvarint is not negative: " + value);
        }
        long rest = value;
        for (; rest > 0x7f; rest >>>= 7) {
            out.write((int) (rest & 0x7f | 0x80));
        }
        out.write((int) rest);
    }

    /** Reads one and moves the buffer past it. */
    public static long read(ByteBuffer in) throws DecodeException {
        long value = 0;
        for (int i = 0; i < MAX_BYTES; i++) {
            if (!in.hasRemaining()) {
                throw new DecodeException("uvarint: expected another byte, found the end");
            }
            int b = in.get();
            value |= (long) (b & 0x7f) << 7 * i;
            if (b >= 0) {
                if (b == 0 && i > 0) {
                    throw new DecodeException("uvarint: expected the shortest form, found a trailing zero");
                }
                return value;
            }
        }
        throw new DecodeException("uvarint: expected at most 9 bytes, found more");
    }

    /**
     * Reads a length from a stream.
     *
     * @param max the largest one allowed, below 2^28
     */
    public static int readLength(InputStream in, int max, String what) throws IOException {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException(what + ": the stream ended before the length");
            }
            value |= (b & 0x7f) << 7 * i;
            if (b < 0x80) {
                if (b == 0 && i > 0) {
                    throw new DecodeException(what + ": expected the shortest length, found a trailing zero");
                }
                if (value > max) {
                    throw new DecodeException(what + ": expected at most " + max + " bytes, found " + value);
                }
                return value;
            }
        }
        throw new DecodeException(what + ": expected at most " + max + " bytes, found a longer length");
    }
}
