package io.infergrid.libp2p;

/**
 * How a protocol is served.
 *
 * @param maxInbound streams of it that one connection may have open
 * @param onRelayed whether it is also served over a relay, which may cut a connection at 128 KiB or two minutes
 */
public record HandlerOptions(int maxInbound, boolean onRelayed) {

    /** So many streams a connection, and not over a relay. */
    public static HandlerOptions atMost(int maxInbound) {
        return new HandlerOptions(maxInbound, false);
    }

    /** The same, over a relay as well. */
    public HandlerOptions alsoRelayed() {
        return new HandlerOptions(maxInbound, true);
    }
}
