package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.PeerId;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Chooses which connections to close when there are more than the high water mark, down to the low one. A peer is never closed while
 * anyone protects it, nor within the time of grace after it connected. Of the others those go first that carry no streams, then those
 * that the other side dialled, then the youngest, so that strangers in a crowd do not push out old friends. Thread-safe.
 */
final class Trimmer {

    private final Limits.WaterMarks limits;
    private final Map<PeerId, Set<String>> protectors = new ConcurrentHashMap<>();

    Trimmer(Limits.WaterMarks limits) {
        this.limits = limits;
    }

    void protect(PeerId peer, String by) {
        protectors.compute(peer, (_, tags) -> {
            var all = tags == null ? ConcurrentHashMap.<String>newKeySet() : tags;
            all.add(by);
            return all;
        });
    }

    void unprotect(PeerId peer, String by) {
        protectors.computeIfPresent(peer, (_, tags) -> {
            tags.remove(by);
            return tags.isEmpty() ? null : tags;
        });
    }

    boolean isProtected(PeerId peer) {
        return protectors.containsKey(peer);
    }

    /** What to close now. */
    List<PeerConnection> surplus(Collection<PeerConnection> connections, long nowNanos) {
        if (connections.size() <= limits.high()) {
            return List.of();
        }
        return connections.stream()
                .filter(c -> !isProtected(c.remote()))
                .filter(c -> nowNanos - c.openedAt() > limits.grace().toNanos())
                .sorted(Comparator.comparing((PeerConnection c) -> c.openStreams() > 0)
                        .thenComparing(c -> !c.inbound())
                        .thenComparing(c -> nowNanos - c.openedAt()))
                .limit(connections.size() - limits.low())
                .toList();
    }
}
