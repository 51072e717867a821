package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.util.List;

/**
 * A peer of the DHT and where it may be dialled.
 *
 * @param key its place in the key space
 * @param addresses without {@code /p2p}; at most {@link #MAX_ADDRESSES} are kept
 */
public record Contact(PeerId peer, KadKey key, List<Multiaddr> addresses) {

    public static final int MAX_ADDRESSES = 16;

    public Contact {
        addresses = List.copyOf(addresses.size() > MAX_ADDRESSES ? addresses.subList(0, MAX_ADDRESSES) : addresses);
    }

    public Contact(PeerId peer, List<Multiaddr> addresses) {
        this(peer, KadKey.of(peer), addresses);
    }
}
