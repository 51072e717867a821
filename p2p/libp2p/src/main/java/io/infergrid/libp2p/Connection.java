package io.infergrid.libp2p;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** An encrypted, authenticated and multiplexed connection to one peer. Thread-safe. */
public interface Connection extends AutoCloseable {

    PeerId remote();

    /** The address at the other end of the wire, without {@code /p2p}. */
    Multiaddr remoteAddress();

    boolean inbound();

    /**
     * Opens a stream for the first of {@code protocols} that the peer speaks.
     *
     * @throws IOException if it speaks none, does not answer within {@code limit}, or the connection is gone
     */
    Stream open(Duration limit, List<String> protocols) throws IOException;

    boolean isOpen();

    @Override
    void close();
}
