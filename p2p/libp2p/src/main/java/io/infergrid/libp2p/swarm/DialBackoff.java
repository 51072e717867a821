package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** Addresses at which a peer was not reached lately: not to be tried again for 5 s, and twice as long each time up to 5 min. Thread-safe. */
final class DialBackoff {

    private static final int MAX_KNOWN = 4096;
    private static final long FIRST = Duration.ofSeconds(5).toNanos();
    private static final long LONGEST = Duration.ofMinutes(5).toNanos();

    private record Target(PeerId peer, Multiaddr address) {}

    private record Failure(long pause, long until) {}

    private final LongSupplier nanoClock;
    private final Map<Target, Failure> failures = new LinkedHashMap<>(16, 0.75f, true); // the eldest is the first to go

    DialBackoff(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    synchronized void failed(PeerId peer, Multiaddr address) {
        var target = new Target(peer, address);
        var before = failures.get(target);
        long pause = before == null ? FIRST : Math.min(2 * before.pause, LONGEST);
        failures.put(target, new Failure(pause, nanoClock.getAsLong() + pause));
        if (failures.size() > MAX_KNOWN) {
            failures.remove(failures.keySet().iterator().next());
        }
    }

    synchronized void reached(PeerId peer, Multiaddr address) {
        failures.remove(new Target(peer, address));
    }

    /** Those of the addresses that may be tried now. */
    synchronized List<Multiaddr> due(PeerId peer, List<Multiaddr> addresses) {
        long now = nanoClock.getAsLong();
        return addresses.stream()
                .filter(a -> {
                    var failure = failures.get(new Target(peer, a.withoutPeer()));
                    return failure == null || failure.until - now <= 0;
                })
                .toList();
    }
}
