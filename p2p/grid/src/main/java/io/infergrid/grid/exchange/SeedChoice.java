package io.infergrid.grid.exchange;

import io.infergrid.grid.Hash;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Decides which shard a node with room to spare fetches for the swarm: one that has the fewest copies. Among equals each node has an order
 * of its own, from a hash over its id and the shard, so that nodes which see the same do not all take the same one. Pure.
 */
public final class SeedChoice {

    /** A shard with so many copies is not wanting. */
    static final int ENOUGH_COPIES = 3;

    private SeedChoice() {}

    /** @param copies nodes that are known to have it whole, this one left out */
    public record Wanting(Hash model, int shard, long bytes, int copies, boolean here) {}

    /**
     * @param room bytes that may still be filled
     * @param node id of this node
     */
    public static Optional<Wanting> next(List<Wanting> known, long room, String node) {
        return known.stream()
                .filter(shard -> !shard.here()
                        && shard.bytes() <= room
                        && shard.copies() > 0 // from whom else
                        && shard.copies() < ENOUGH_COPIES)
                .min(Comparator.comparingInt(Wanting::copies)
                        .thenComparing(shard -> rank(node, shard))
                        .thenComparing(Wanting::model)
                        .thenComparingInt(Wanting::shard));
    }

    private static Hash rank(String node, Wanting shard) {
        var digest = Hash.sha256();
        digest.update(node.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        digest.update(shard.model().bytes());
        digest.update(ByteBuffer.allocate(4).putInt(shard.shard()).flip());
        return Hash.of(digest.digest());
    }
}
