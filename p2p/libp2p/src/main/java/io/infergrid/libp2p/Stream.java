package io.infergrid.libp2p;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * One multiplexed, ordered, flow-controlled stream to a peer. Blocking, meant for virtual threads; one thread may read while
 * another writes. Every failure is an {@link IOException} whose message says what happened.
 */
public interface Stream extends AutoCloseable {

    PeerId remote();

    /** The protocol that was agreed on, e.g. {@code /ipfs/ping/1.0.0}. */
    String protocol();

    /** Ends (read returns -1) when the peer closed its writing half. */
    InputStream in();

    /** Buffered up to one frame; {@code flush} puts it on the wire; blocks while the peer's window is closed. */
    OutputStream out();

    /** Longest time that one read or write may block; zero waits for ever. Past it the call throws and the stream is reset. */
    void timeout(Duration limit);

    /** Sends what is buffered and says that no more will come; reading goes on. */
    void closeWrite() throws IOException;

    /** Drops the stream at once, both ways; never blocks, never throws. */
    void reset();

    /**
     * Done with the stream. If the other side already ended its half, {@link #closeWrite}; if ours ended before, what still comes is
     * dropped and the other side has ten seconds to end; else {@link #reset}, so that nobody takes a part for the whole.
     */
    @Override
    void close();
}
