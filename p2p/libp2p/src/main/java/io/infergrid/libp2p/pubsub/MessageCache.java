package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Messages of the last heartbeats, which peers may still ask for; bounded in bytes, the oldest go first. Not thread-safe. */
final class MessageCache {

    private static final int OVERHEAD_BYTES = 256;

    private final int windows;
    private final int told;
    private final int retransmissions;
    private final int maxBytes;
    private final LinkedHashMap<MessageId, Entry> entries = new LinkedHashMap<>(); // oldest first
    private final Deque<List<MessageId>> history = new ArrayDeque<>(); // this heartbeat's first
    private long bytes;

    private record Entry(Message message, Map<PeerId, Integer> sent) {
        long bytes() {
            return message.encoded().length + OVERHEAD_BYTES;
        }
    }

    MessageCache(GossipParameters.Gossip how, int maxBytes) {
        windows = how.windows();
        told = how.told();
        retransmissions = how.retransmissions();
        this.maxBytes = maxBytes;
        history.addFirst(new ArrayList<>());
    }

    void put(MessageId id, Message message) {
        var entry = new Entry(message, new HashMap<>(2));
        if (entries.putIfAbsent(id, entry) != null) {
            return;
        }
        history.getFirst().add(id);
        bytes += entry.bytes();
        while (bytes > maxBytes) {
            bytes -= entries.pollFirstEntry().getValue().bytes();
        }
    }

    /** The message for a peer that asks for it; empty if it is not here or the peer has had it often enough. */
    Optional<Message> take(MessageId id, PeerId peer) {
        var entry = entries.get(id);
        if (entry == null || entry.sent.merge(peer, 1, Integer::sum) > retransmissions) {
            return Optional.empty();
        }
        return Optional.of(entry.message);
    }

    /** Ids of the last heartbeats on a topic. */
    List<MessageId> recent(String topic) {
        var ids = new ArrayList<MessageId>();
        int window = 0;
        for (var list : history) {
            if (window++ >= told) {
                break;
            }
            for (var id : list) {
                var entry = entries.get(id);
                if (entry != null && entry.message.topic().equals(topic)) {
                    ids.add(id);
                }
            }
        }
        return ids;
    }

    /** A heartbeat is over. */
    void shift() {
        if (history.size() >= windows) {
            for (var id : history.removeLast()) {
                var entry = entries.remove(id);
                bytes -= entry == null ? 0 : entry.bytes();
            }
        }
        history.addFirst(new ArrayList<>());
    }

    long bytes() {
        return bytes;
    }
}
