package io.infergrid.libp2p;

import java.util.List;

/**
 * Hears of peers as they come and go. A peer that connects twice, as when both sides dial at once, comes once and goes once; the host
 * keeps one of the connections.
 */
public interface HostListener {

    /** A peer that was not connected is. Told before any of its streams is served. */
    default void connected(Connection connection) {}

    /** A connected peer said who it is and what it serves (identify), at its first or a later time. */
    default void identified(Connection connection, PeerInfo info) {}

    /** A connected peer said from which address it sees us come. Nothing but its word. */
    default void observed(Connection connection, Multiaddr ours) {}

    /** The addresses at which we can be reached are other ones than before: {@link Host#addresses}. */
    default void addressesChanged(List<Multiaddr> ours) {}

    /** A peer that was connected is no longer. */
    default void disconnected(Connection connection) {}
}
