package io.infergrid.libp2p.transport;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What a multiplexer runs over: an ordered, reliable, authenticated channel of bytes. One thread reads, any may write. */
public interface SecuredChannel extends Closeable {

    /** The most bytes that one {@link #write} may take. */
    int MAX_WRITE_BYTES = 65519;

    /**
     * The bytes that came and were not consumed yet, at least one; blocks until there are some. Consumed is what the caller moved the
     * position past; the buffer is valid until the next call.
     *
     * @return null at the end
     */
    @Nullable
    ByteBuffer read() throws IOException;

    /** Sends the parts, at most {@link #MAX_WRITE_BYTES} together, as one unit; blocks while the network does. */
    void write(ByteBuffer... parts) throws IOException;

    /** {@link System#nanoTime} of the beginning of the write in progress, 0 if there is none. */
    long writingSince();

    /** Says that no more will come. */
    void closeOutput() throws IOException;

    @Override
    void close();
}
