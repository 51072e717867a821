package io.infergrid.libp2p.transport;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * Reads ahead a little, so that a small message costs one system call and a large one two, and an idle connection holds only 4 KiB.
 * For one thread.
 */
public final class WireInput extends InputStream {

    private static final int AHEAD_BYTES = 4096;

    private final InputStream in;
    private final byte[] ahead = new byte[AHEAD_BYTES];
    private int position;
    private int limit;

    public WireInput(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        if (position == limit && !fill()) {
            return -1;
        }
        return ahead[position++] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        if (position == limit) {
            if (length >= AHEAD_BYTES) {
                return in.read(to, offset, length);
            }
            if (!fill()) {
                return -1;
            }
        }
        int n = Math.min(length, limit - position);
        System.arraycopy(ahead, position, to, offset, n);
        position += n;
        return n;
    }

    /** Reads all of it or throws {@link EOFException}. */
    public void readFully(byte[] to, int offset, int length) throws IOException {
        for (int done = 0; done < length; ) {
            int n = read(to, offset + done, length - done);
            if (n < 0) {
                throw new EOFException("the connection ended after " + done + " of " + length + " bytes");
            }
            done += n;
        }
    }

    /** What can be read without asking the system. */
    @Override
    public int available() {
        return limit - position;
    }

    private boolean fill() throws IOException {
        int n = in.read(ahead, 0, AHEAD_BYTES);
        position = 0;
        limit = Math.max(n, 0);
        return n > 0;
    }
}
