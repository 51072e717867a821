package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.PeerId;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/** The slots that a relay gave away, and its circuits, within the limits. Knows no network; thread-safe. */
final class Reservations {

    private final RelayLimits limits;
    private final Map<PeerId, Slot> slots = new HashMap<>();
    private final Map<PeerId, Integer> circuits = new HashMap<>();

    Reservations(RelayLimits limits) {
        this.limits = limits;
    }

    private record Slot(InetAddress address, Instant expires) {}

    /** Gives a peer a slot or renews the one that it has; empty if that would be one too many. */
    synchronized Optional<Instant> reserve(PeerId peer, InetAddress address, Instant now) {
        expire(now);
        var old = slots.remove(peer);
        if (isFull(address)) {
            if (old != null) {
                slots.put(peer, old); // moved to an address that has its share; the old slot runs out
            }
            return Optional.empty();
        }
        var expires = now.plus(limits.reservationTime());
        slots.put(peer, new Slot(address, expires));
        return Optional.of(expires);
    }

    private boolean isFull(InetAddress address) {
        if (slots.size() >= limits.reservations()) {
            return true;
        }
        if (address.isLoopbackAddress()) {
            return false;
        }
        int sameAddress = 0;
        int sameNetwork = 0;
        for (var slot : slots.values()) {
            sameAddress += prefix(slot.address, 4, 7).equals(prefix(address, 4, 7)) ? 1 : 0;
            sameNetwork += prefix(slot.address, 2, 4).equals(prefix(address, 2, 4)) ? 1 : 0;
        }
        return sameAddress >= limits.reservationsPerAddress() || sameNetwork >= limits.reservationsPerNetwork();
    }

    private static ByteBuffer prefix(InetAddress address, int bytesOfFour, int bytesOfSix) {
        var bytes = address.getAddress();
        return ByteBuffer.wrap(bytes, 0, bytes.length == 4 ? bytesOfFour : bytesOfSix);
    }

    synchronized boolean has(PeerId peer, Instant now) {
        expire(now);
        return slots.containsKey(peer);
    }

    /** A peer that is gone needs no slot. */
    synchronized void drop(PeerId peer) {
        slots.remove(peer);
    }

    synchronized int size() {
        return slots.size();
    }

    /** Counts a circuit between two peers; false, and nothing counted, if either has too many. {@link #end} must follow. */
    synchronized boolean begin(PeerId from, PeerId to) {
        if (circuits.getOrDefault(from, 0) >= limits.circuitsPerPeer()
                || circuits.getOrDefault(to, 0) >= limits.circuitsPerPeer()) {
            return false;
        }
        circuits.merge(from, 1, Integer::sum);
        circuits.merge(to, 1, Integer::sum);
        return true;
    }

    synchronized void end(PeerId from, PeerId to) {
        circuits.computeIfPresent(from, (_, n) -> n > 1 ? n - 1 : null);
        circuits.computeIfPresent(to, (_, n) -> n > 1 ? n - 1 : null);
    }

    private void expire(Instant now) {
        for (Iterator<Slot> i = slots.values().iterator(); i.hasNext(); ) {
            if (!i.next().expires.isAfter(now)) {
                i.remove();
            }
        }
    }
}
