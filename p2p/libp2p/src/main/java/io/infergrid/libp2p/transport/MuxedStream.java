package io.infergrid.libp2p.transport;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** One stream of a session. One thread may read while another writes. */
public interface MuxedStream extends AutoCloseable {

    /** Ends (read returns -1) when the peer closed its writing half; fails if it reset the stream. */
    InputStream in();

    /** Buffered; {@code flush} sends. Blocks while the peer takes no more. */
    OutputStream out();

    /** Longest time that one read or write may block; zero waits for ever. Past it the call throws and the stream is reset. */
    void timeout(Duration limit);

    /** The moment past which nothing may block, whatever the timeout; zero or less from now takes it away. */
    void deadlineIn(Duration limit);

    /** Sends what is buffered and says that no more will come. */
    void closeWrite() throws IOException;

    /** Drops the stream both ways; never blocks. */
    void reset();

    /** Done with the stream: in order if each side has ended its half or does so before long, else by a reset. */
    @Override
    void close();
}
