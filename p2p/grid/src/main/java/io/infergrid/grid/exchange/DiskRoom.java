package io.infergrid.grid.exchange;

import io.infergrid.grid.Hash;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Decides which shards go when there is no room for others: first those that most others have, of these the ones that were used longest
 * ago. What is pinned never goes. What nobody else is known to have goes only if there is no room without it and the user agreed to
 * that. Pure.
 */
public final class DiskRoom {

    private DiskRoom() {}

    /**
     * A shard, or part of one, on the disk.
     *
     * @param copiesElsewhere other nodes that are known to have it whole
     * @param pinned in use: served, fetched, or on its way to someone
     * @param usedAt when it was last used, on any clock
     */
    public record Shelved(Hash model, int shard, long bytes, int copiesElsewhere, boolean pinned, long usedAt) {}

    /**
     * @param possible whether there is room once {@code delete} is deleted
     * @param delete what to delete, in this order; empty if not possible
     * @param lastCopiesHelp whether it would be possible if the user agreed to delete last copies
     */
    public record Plan(boolean possible, List<Shelved> delete, boolean lastCopiesHelp) {
        public Plan {
            delete = List.copyOf(delete);
        }
    }

    /**
     * @param needed bytes that are to be stored
     * @param quota most bytes that may be on the disk after
     * @param lastCopies whether last copies may go
     */
    public static Plan plan(List<Shelved> shelved, long needed, long quota, boolean lastCopies) {
        long used = shelved.stream().mapToLong(Shelved::bytes).sum();
        if (needed <= quota - used) {
            return new Plan(true, List.of(), false);
        }
        var delete = new ArrayList<Shelved>();
        var candidates = shelved.stream()
                .filter(shard -> !shard.pinned() && shard.bytes() > 0)
                .sorted(Comparator.comparingInt(Shelved::copiesElsewhere)
                        .reversed()
                        .thenComparingLong(Shelved::usedAt)
                        .thenComparing(Shelved::model)
                        .thenComparingInt(Shelved::shard))
                .toList();
        for (Shelved shard : candidates) {
            if (needed <= quota - used) {
                break;
            }
            if (shard.copiesElsewhere() > 0 || lastCopies) {
                used -= shard.bytes();
                delete.add(shard);
            }
        }
        if (needed <= quota - used) {
            return new Plan(true, delete, false);
        }
        long unpinned = candidates.stream().mapToLong(Shelved::bytes).sum();
        long pinned = shelved.stream().mapToLong(Shelved::bytes).sum() - unpinned;
        return new Plan(false, List.of(), needed <= quota - pinned);
    }
}
