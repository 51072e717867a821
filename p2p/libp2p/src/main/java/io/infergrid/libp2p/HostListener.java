package io.infergrid.libp2p;

/**
 * Hears of peers as they come and go. A peer that connects twice, as when both sides dial at once, comes once and goes once; the host
 * keeps one of the connections.
 */
public interface HostListener {

    /** A peer that was not connected is. Told before any of its streams is served. */
    default void connected(Connection connection) {}

    /** A connected peer said who it is (identify), at its first or a later time. */
    default void identified(Connection connection, PeerInfo info) {}

    /** A peer that was connected is no longer. */
    default void disconnected(Connection connection) {}
}
