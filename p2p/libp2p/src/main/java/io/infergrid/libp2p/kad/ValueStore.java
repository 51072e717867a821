package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Records that others put here, each valid for its namespace. Bounded for each peer and in all. Thread-safe. */
final class ValueStore {

    private record Kept(byte[] value, PeerId from, Instant until) {}

    private final KadLimits.Stores limits;
    private final InstantSource clock;
    private final Map<ByteBuffer, Kept> records = new HashMap<>();
    private final Map<PeerId, Integer> recordsOf = new HashMap<>();
    private long bytes;

    ValueStore(KadLimits.Stores limits, InstantSource clock) {
        this.limits = limits;
        this.clock = clock;
    }

    /** Keeps a record in place of the one there; false if there is no room for it. */
    synchronized boolean put(byte[] key, byte[] value, PeerId from) {
        var wrapped = ByteBuffer.wrap(key.clone());
        var old = records.get(wrapped);
        if (isFull(wrapped, old, value, from)) {
            sweep();
            old = records.get(wrapped);
            if (isFull(wrapped, old, value, from)) {
                return false;
            }
        }
        if (old != null) {
            remove(wrapped, old);
        }
        records.put(wrapped, new Kept(value.clone(), from, clock.instant().plus(limits.expiry())));
        recordsOf.merge(from, 1, Integer::sum);
        bytes += wrapped.remaining() + value.length;
        return true;
    }

    private boolean isFull(ByteBuffer key, @Nullable Kept old, byte[] value, PeerId from) {
        long freed = old == null ? 0 : old.value().length + key.remaining();
        boolean ownOld = old != null && old.from().equals(from);
        return old == null && records.size() >= limits.values()
                || !ownOld && recordsOf.getOrDefault(from, 0) >= limits.valuesPerPeer()
                || bytes - freed + key.remaining() + value.length > limits.valueBytes();
    }

    private void remove(ByteBuffer key, Kept kept) {
        records.remove(key);
        bytes -= key.remaining() + kept.value().length;
        recordsOf.merge(kept.from(), -1, (a, b) -> a + b == 0 ? null : a + b);
    }

    synchronized Optional<byte[]> get(byte[] key) {
        var now = clock.instant();
        return Optional.ofNullable(records.get(ByteBuffer.wrap(key)))
                .filter(kept -> kept.until().isAfter(now))
                .map(kept -> kept.value().clone());
    }

    /** Drops what expired. */
    synchronized void sweep() {
        var now = clock.instant();
        Map.copyOf(records).forEach((key, kept) -> {
            if (!kept.until().isAfter(now)) {
                remove(key, kept);
            }
        });
    }

    synchronized int size() {
        return records.size();
    }

    synchronized long bytes() {
        return bytes;
    }
}
