package io.infergrid.libp2p.yamux;

import io.infergrid.libp2p.transport.SecuredChannel;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One end of a channel in memory. It holds a few writes and then blocks the writer, as a network does, and gives bytes in pieces that
 * have nothing to do with how they were written.
 */
final class Pipe implements SecuredChannel {

    private static final ByteBuffer END = ByteBuffer.allocate(0);

    private final ArrayBlockingQueue<ByteBuffer> incoming;
    private final ArrayBlockingQueue<ByteBuffer> outgoing;
    private final AtomicBoolean closed; // of both ends
    private final Random pieces;
    private ByteBuffer whole = ByteBuffer.allocate(0);
    private ByteBuffer piece = ByteBuffer.allocate(0);
    private boolean ended;

    private Pipe(
            ArrayBlockingQueue<ByteBuffer> incoming,
            ArrayBlockingQueue<ByteBuffer> outgoing,
            AtomicBoolean closed,
            Random pieces) {
        this.incoming = incoming;
        this.outgoing = outgoing;
        this.closed = closed;
        this.pieces = pieces;
    }

    record Ends(Pipe a, Pipe b) {}

    static Ends create(long seed) {
        var there = new ArrayBlockingQueue<ByteBuffer>(4);
        var back = new ArrayBlockingQueue<ByteBuffer>(4);
        var closed = new AtomicBoolean();
        return new Ends(
                new Pipe(back, there, closed, new Random(seed)), new Pipe(there, back, closed, new Random(seed + 1)));
    }

    @Override
    public @Nullable ByteBuffer read() throws IOException {
        while (!piece.hasRemaining()) {
            if (ended) {
                return null;
            }
            if (!whole.hasRemaining()) {
                whole = take();
                if (whole.capacity() == 0) {
                    ended = true;
                    return null;
                }
            }
            int n = pieces.nextInt(4) == 0 ? 1 + pieces.nextInt(20) : whole.remaining();
            n = Math.min(n, whole.remaining());
            piece = ByteBuffer.wrap(whole.array(), whole.position(), n);
            whole.position(whole.position() + n);
        }
        return piece;
    }

    private ByteBuffer take() throws IOException {
        try {
            while (true) {
                var next = incoming.poll(20, java.util.concurrent.TimeUnit.MILLISECONDS);
                if (next != null) {
                    return next;
                }
                if (closed.get()) {
                    throw new IOException("the pipe is closed");
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
    }

    @Override
    public synchronized void write(ByteBuffer... parts) throws IOException {
        int length = 0;
        for (var part : parts) {
            length += part.remaining();
        }
        if (length > MAX_WRITE_BYTES) {
            throw new IllegalArgumentException("more than fits in one write: " + length);
        }
        if (length == 0) {
            return;
        }
        var copy = ByteBuffer.allocate(length);
        for (var part : parts) {
            copy.put(part);
        }
        put(copy.flip());
    }

    private void put(ByteBuffer bytes) throws IOException {
        try {
            while (!outgoing.offer(bytes, 20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                if (closed.get()) {
                    throw new IOException("the pipe is closed");
                }
            }
        } catch (InterruptedException e) {
            throw new InterruptedIOException();
        }
    }

    @Override
    public long writingSince() {
        return 0;
    }

    @Override
    public synchronized void closeOutput() throws IOException {
        put(END);
    }

    @Override
    public void close() {
        closed.set(true);
    }
}
