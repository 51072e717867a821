package io.infergrid.libp2p.pubsub;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Ids of messages that came not long ago and what became of them; bounded in time and number. Not thread-safe. */
final class SeenCache {

    private final long lifeNanos;
    private final int max;
    private final LinkedHashMap<MessageId, ScoreBook.Delivery> entries = new LinkedHashMap<>(); // oldest first

    SeenCache(long lifeNanos, int max) {
        this.lifeNanos = lifeNanos;
        this.max = max;
    }

    ScoreBook.@Nullable Delivery get(MessageId id) {
        return entries.get(id);
    }

    boolean has(MessageId id) {
        return entries.containsKey(id);
    }

    void add(MessageId id, ScoreBook.Delivery delivery) {
        entries.put(id, delivery);
        if (entries.size() > max) {
            entries.pollFirstEntry();
        }
    }

    void expire(long now) {
        while (!entries.isEmpty() && now - entries.firstEntry().getValue().at > lifeNanos) {
            entries.pollFirstEntry();
        }
    }

    int size() {
        return entries.size();
    }
}
