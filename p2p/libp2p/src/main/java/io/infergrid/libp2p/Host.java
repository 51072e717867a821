package io.infergrid.libp2p;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * This node in the swarm: its identity, its listening addresses, its connections, and the protocols that it serves. Blocking
 * and thread-safe; made by {@code HostBuilder}.
 */
public interface Host extends AutoCloseable {

    PeerId peerId();

    /** Addresses that others can dial, each ending in {@code /p2p/<our id>}; the real port where 0 was asked for. */
    List<Multiaddr> addresses();

    /** The live connection to that peer, or a new one through {@code addresses}; one connection a peer. */
    Connection connect(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException;

    /** Opens a stream to a peer that is connected or whose addresses are known. */
    Stream open(PeerId peer, String protocol, Duration limit) throws IOException;

    /**
     * Serves a protocol: the handler runs on a virtual thread of its own for each inbound stream. When it returns, what it wrote is sent
     * and our half ends; when it throws, the stream is reset. An {@link java.io.IOException} may be thrown wrapped in an
     * {@link java.io.UncheckedIOException}.
     *
     * @throws IllegalArgumentException if the protocol is served already
     */
    void handle(String protocol, Consumer<Stream> handler);

    List<Connection> connections();

    /** Is told of connections that opened and closed, on threads of the host; must return soon. */
    void addListener(HostListener listener);

    @Override
    void close();
}
