package io.infergrid.grid.exchange;

import io.infergrid.grid.wire.Frames;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Small messages on their way to a peer, so that whoever has one to say does not wait for the peer to read. Bounded: what a peer does
 * not read ends its stream. Thread-safe.
 */
final class Outbox {

    /** Twice what may be asked for and cancelled, and some. */
    private static final int MOST = 4 * ShardMessage.MAX_ASKED;

    private final Deque<byte[]> messages = new ArrayDeque<>();
    private boolean closed;

    /**
     * @throws IOException if the peer has not read for so long that there is no more room, or the stream has ended
     */
    synchronized void add(ShardMessage message) throws IOException {
        if (closed) {
            throw new IOException("expected an open stream, found it ended");
        }
        if (messages.size() >= MOST) {
            throw new IOException("expected the peer to read, found " + MOST + " messages waiting for it");
        }
        messages.add(message.encode());
        notifyAll();
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** Sends until this is closed, on a thread of its own. */
    void sendTo(Stream stream) throws IOException, InterruptedException {
        for (byte[] next; (next = take()).length > 0; ) {
            Frames.write(stream.out(), next);
            if (isEmpty()) {
                stream.out().flush();
            }
        }
    }

    private synchronized byte[] take() throws InterruptedException {
        while (messages.isEmpty() && !closed) {
            wait();
        }
        return closed ? new byte[0] : messages.remove();
    }

    private synchronized boolean isEmpty() {
        return messages.isEmpty();
    }
}
