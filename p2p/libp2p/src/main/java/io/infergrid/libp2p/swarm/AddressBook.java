package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where peers were reached or said that they can be: the last 4096 peers, 16 addresses each. Thread-safe. */
final class AddressBook {

    private static final int MAX_PEERS = 4096;
    private static final int MAX_ADDRESSES = 16;

    private final Map<PeerId, Set<Multiaddr>> addresses = new LinkedHashMap<>(16, 0.75f, true);

    synchronized void add(PeerId peer, List<Multiaddr> found) {
        if (found.isEmpty()) {
            return;
        }
        var known = addresses.computeIfAbsent(peer, _ -> new LinkedHashSet<>());
        for (var address : found) {
            var plain = address.withoutPeer();
            known.remove(plain); // the latest is the last to go
            known.add(plain);
        }
        while (known.size() > MAX_ADDRESSES) {
            known.remove(known.iterator().next());
        }
        if (addresses.size() > MAX_PEERS) {
            addresses.remove(addresses.keySet().iterator().next());
        }
    }

    synchronized List<Multiaddr> of(PeerId peer) {
        var known = addresses.get(peer);
        return known == null ? List.of() : List.copyOf(known).reversed();
    }
}
