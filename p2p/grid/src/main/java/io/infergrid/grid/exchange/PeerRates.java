package io.infergrid.grid.exchange;

import io.infergrid.libp2p.PeerId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** What peers sent this node lately, over all downloads: what they are served for in return. Bounded; thread-safe. */
final class PeerRates {

    private static final int MOST = 256;

    private final LongSupplier nanos;
    private final Map<PeerId, RateMeter> byPeer = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<PeerId, RateMeter> eldest) {
            return size() > MOST;
        }
    };

    PeerRates(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void add(PeerId peer, long bytes) {
        byPeer.computeIfAbsent(peer, p -> new RateMeter(nanos)).add(bytes);
    }

    synchronized long bytesPerSecond(PeerId peer) {
        RateMeter meter = byPeer.get(peer);
        return meter == null ? 0 : meter.bytesPerSecond();
    }
}
