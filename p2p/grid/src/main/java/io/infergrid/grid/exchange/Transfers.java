package io.infergrid.grid.exchange;

import io.infergrid.grid.GridSnapshot;
import io.infergrid.grid.Hash;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Shards under way to and from this node, and those that ended lately. Bounded; thread-safe. */
public final class Transfers {

    private static final int MAX = 256;

    private record Key(Hash model, String shard, String peer, boolean upload) {}

    private final Map<Key, GridSnapshot.Transfer> byKey = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, GridSnapshot.Transfer> eldest) {
            return size() > MAX;
        }
    };

    /** Adds {@code bytes} to what went from or to that peer of the shard. */
    synchronized void moved(
            Hash model, String shard, String peer, boolean upload, long bytes, long total, boolean verified) {
        var key = new Key(model, shard, peer, upload);
        GridSnapshot.Transfer before = byKey.get(key);
        long done = bytes + (before == null ? 0 : before.bytesDone());
        byKey.put(key, new GridSnapshot.Transfer(model, shard, peer, upload, Math.min(done, total), total, verified));
    }

    /** The shard is whole: marks all its downloads. */
    synchronized void verified(Hash model, String shard) {
        byKey.replaceAll((key, transfer) ->
                key.upload() || !key.model().equals(model) || !key.shard().equals(shard)
                        ? transfer
                        : new GridSnapshot.Transfer(
                                model, shard, key.peer(), false, transfer.bytesDone(), transfer.bytesTotal(), true));
    }

    public synchronized List<GridSnapshot.Transfer> list() {
        return new ArrayList<>(byKey.values());
    }
}
