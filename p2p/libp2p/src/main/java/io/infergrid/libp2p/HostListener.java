package io.infergrid.libp2p;

/** Hears of connections as they come and go. */
public interface HostListener {

    default void connected(Connection connection) {}

    default void disconnected(Connection connection) {}
}
