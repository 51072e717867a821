package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Messages that peers said they had and were asked for: one of each question is watched. Bounded; not thread-safe. */
final class Promises {

    private static final int MAX = 16_384;

    private final long lifeNanos;
    private final LinkedHashMap<MessageId, Map<PeerId, Long>> due = new LinkedHashMap<>();

    Promises(long lifeNanos) {
        this.lifeNanos = lifeNanos;
    }

    void add(MessageId id, PeerId peer, long now) {
        if (due.size() >= MAX) {
            due.pollFirstEntry();
        }
        due.computeIfAbsent(id, _ -> new HashMap<>(2)).putIfAbsent(peer, now + lifeNanos);
    }

    /** That peer sent something under the id. */
    void kept(MessageId id, PeerId peer) {
        var peers = due.get(id);
        if (peers != null && peers.remove(peer) != null && peers.isEmpty()) {
            due.remove(id);
        }
    }

    /** The message is here, so nobody needs to send it. */
    void settled(MessageId id) {
        due.remove(id);
    }

    /** Forgets those that were not kept in time; returns how many of each peer. */
    Map<PeerId, Integer> broken(long now) {
        var broken = new HashMap<PeerId, Integer>();
        for (Iterator<Map<PeerId, Long>> all = due.values().iterator(); all.hasNext(); ) {
            var peers = all.next();
            peers.entrySet().removeIf(promise -> {
                boolean late = promise.getValue() - now < 0;
                if (late) {
                    broken.merge(promise.getKey(), 1, Integer::sum);
                }
                return late;
            });
            if (peers.isEmpty()) {
                all.remove();
            }
        }
        return broken;
    }

    void gone(PeerId peer) {
        due.values().removeIf(peers -> peers.remove(peer) != null && peers.isEmpty());
    }

    int size() {
        return due.size();
    }
}
