package io.infergrid.libp2p;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** An encrypted, authenticated and multiplexed connection to one peer. Thread-safe. */
public interface Connection extends AutoCloseable {

    PeerId remote();

    /** The address at the other end of the wire, without the peer's {@code /p2p}; over a relay that of the relay and {@code /p2p-circuit}. */
    Multiaddr remoteAddress();

    boolean inbound();

    /** Whether a relay carries it, which may cut it at 128 KiB or two minutes; only few protocols run over such a connection. */
    boolean relayed();

    /** The last measured round trip, zero before the first. */
    Duration roundTrip();

    /**
     * Opens a stream for the first of {@code protocols} that the peer speaks.
     *
     * @throws IOException if it speaks none, does not answer within {@code limit}, or the connection is gone
     */
    Stream open(Duration limit, List<String> protocols) throws IOException;

    /**
     * Opens a stream without waiting whether the peer speaks the protocol, which saves a round trip: a refusal is what the first read
     * ends in. {@link #open} does the same by itself for a protocol that the peer has said it serves.
     *
     * @param limit for opening and for the peer's answer, once that is read
     */
    Stream openAtOnce(Duration limit, String protocol) throws IOException;

    boolean isOpen();

    @Override
    void close();
}
