package io.infergrid.libp2p;

import io.infergrid.libp2p.peers.AddressBook;
import io.infergrid.libp2p.record.SignedEnvelope;
import io.infergrid.libp2p.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * This node in the swarm: its identity, its listening addresses, its connections, and the protocols that it serves. Blocking
 * and thread-safe; made by {@code HostBuilder}.
 */
public interface Host extends DirectDialer, AutoCloseable {

    PeerId peerId();

    // ---- addresses ----

    /**
     * Addresses that others can dial, each ending in {@code /p2p/<our id>}; the real port where 0 was asked for. Those that services
     * {@link #announce announced} come last.
     */
    List<Multiaddr> addresses();

    /** The addresses that are bound here, without {@code /p2p}; a wildcard stays one. */
    List<Multiaddr> listening();

    /**
     * Tells others of further addresses at which this host can be reached, e.g. over a relay or through a mapped port, in place of
     * those that the same source announced before; none withdraws them. Connected peers hear of it by identify push.
     *
     * @param source who says so, e.g. {@code relay}
     */
    void announce(String source, List<Multiaddr> addresses);

    /** Our addresses as others may pass them on, signed; a new one with a higher number after each change. */
    SignedEnvelope signedRecord();

    /**
     * Signs with the host's identity. What is signed must begin with words that say what for, so that it is no signature for anything
     * else.
     */
    byte[] sign(byte[] message);

    /** What is known of where peers can be reached; services may add to it. */
    AddressBook addressBook();

    // ---- connections ----

    /** The live connection to that peer, or a new one through {@code addresses}; one connection a peer. */
    Connection connect(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException;

    /** The live connection to that peer, if there is one. */
    Optional<Connection> connection(PeerId peer);

    List<Connection> connections();

    /** What a connected peer said of itself; empty until it did. */
    Optional<PeerInfo> info(PeerId peer);

    /** Sends 32 bytes there and back. */
    Duration ping(PeerId peer, Duration limit) throws IOException;

    /** Who may connect; to be changed while the host runs. */
    Access access();

    /**
     * Keeps the connections of that peer when there are too many, until each that protects it has taken that back.
     *
     * @param by who protects it, e.g. {@code relay}
     */
    void protect(PeerId peer, String by);

    void unprotect(PeerId peer, String by);

    // ---- streams ----

    /**
     * Opens a stream to a peer that is connected or whose addresses are known.
     *
     * @throws IOException also if the peer is connected over a relay only: a caller that can live with its limits opens the stream on the
     *     {@link Connection} itself
     */
    Stream open(PeerId peer, String protocol, Duration limit) throws IOException;

    /**
     * Serves a protocol: the handler runs on a virtual thread of its own for each inbound stream. When it returns, what it wrote is sent
     * and our half ends; when it throws, the stream is reset. An {@link java.io.IOException} may be thrown wrapped in an
     * {@link java.io.UncheckedIOException}. Connected peers hear of the protocol by identify push.
     *
     * @throws IllegalArgumentException if the protocol is served already
     */
    void handle(String protocol, StreamHandler handler);

    /** The same with limits of its own, for a handler that looks at the connection. */
    void handle(String protocol, HandlerOptions options, StreamHandler.WithConnection handler);

    /** Serves a protocol no longer; streams that are open go on. */
    void unhandle(String protocol);

    // ---- what services build on ----

    /** Is told of connections, peers and addresses, on threads of the host; must return soon. */
    void addListener(HostListener listener);

    void removeListener(HostListener listener);

    /** Adds a way to reach peers, which is asked after those that are there. The host closes it when it closes. */
    void addTransport(Transport transport);

    /** Where a transport that was added hands over the connections that come to it. */
    Transport.Acceptor acceptor();

    /**
     * Counts what a connected peer did, and writes the line of misbehaviour if it is one ({@link Event#isMisbehaviour}). A peer that
     * misbehaves often is banned for a while.
     *
     * @param detail expected and found, in one line
     */
    void report(PeerId peer, Event event, String detail);

    /** What happened here since the start. */
    Counters counters();

    @Override
    void close();
}
