package io.infergrid.libp2p.autonat;

import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/** How often an AutoNAT server was asked in the last minute; what it remembers is bounded by its limits. Thread-safe. */
final class RequestRates {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final AutonatLimits limits;
    private final Deque<Taken> taken = new ArrayDeque<>();
    private final Deque<Instant> withData = new ArrayDeque<>();
    private final Set<PeerId> running = new HashSet<>();

    RequestRates(AutonatLimits limits) {
        this.limits = limits;
    }

    private record Taken(PeerId peer, Instant at) {}

    /** Whether a peer's request may be served: one at a time, and within the rates. {@link #done} must follow if so. */
    synchronized boolean begin(PeerId peer, Instant now) {
        forget(now);
        long ofPeer = taken.stream().filter(t -> t.peer.equals(peer)).count();
        if (taken.size() >= limits.perMinute() || ofPeer >= limits.perPeerPerMinute() || !running.add(peer)) {
            return false;
        }
        taken.add(new Taken(peer, now));
        return true;
    }

    synchronized void done(PeerId peer) {
        running.remove(peer);
    }

    /** Whether a request may go on that costs the asker bytes, and us to read them. */
    synchronized boolean mayTakeData(Instant now) {
        forget(now);
        if (withData.size() >= limits.dataPerMinute()) {
            return false;
        }
        withData.add(now);
        return true;
    }

    private void forget(Instant now) {
        var since = now.minus(MINUTE);
        while (!taken.isEmpty() && taken.getFirst().at.isBefore(since)) {
            taken.removeFirst();
        }
        while (!withData.isEmpty() && withData.getFirst().isBefore(since)) {
            withData.removeFirst();
        }
    }
}
