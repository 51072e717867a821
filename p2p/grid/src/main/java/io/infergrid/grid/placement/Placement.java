package io.infergrid.grid.placement;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The first rule of placement: a model is cut into a fixed number of stages, and a worker takes the one that the fewest others
 * serve. Among equals the worker's id decides, differently for each worker, so that two that look at the same moment rarely
 * pick the same.
 */
public final class Placement {

    private Placement() {}

    /** Cuts {@code blocks} blocks into {@code stages} ranges whose lengths differ by one at most, the longer ones first. */
    public static List<BlockRange> cut(int blocks, int stages) {
        if (stages < 1 || stages > blocks) {
            throw new IllegalArgumentException("expected 1 to " + blocks + " stages, found " + stages);
        }
        var ranges = new ArrayList<BlockRange>();
        for (int i = 0, first = 0; i < stages; i++) {
            int end = first + blocks / stages + (i < blocks % stages ? 1 : 0);
            ranges.add(new BlockRange(first, end));
            first = end;
        }
        return ranges;
    }

    /**
     * @param served the ranges that others serve now, one entry a server
     * @param worker id of the node that asks
     */
    public static BlockRange choose(int blocks, int stages, List<BlockRange> served, String worker) {
        return cut(blocks, stages).stream()
                .min(Comparator.comparingLong((BlockRange range) -> depth(range, served))
                        .thenComparing(range -> draw(range, worker)))
                .orElseThrow();
    }

    /** How many serve the least covered block of a range. */
    static long depth(BlockRange range, List<BlockRange> served) {
        long least = Long.MAX_VALUE;
        for (int block = range.first(); block < range.end(); block++) {
            int b = block;
            least = Math.min(
                    least,
                    served.stream().filter(s -> s.first() <= b && b < s.end()).count());
        }
        return least;
    }

    private static Hash draw(BlockRange range, String worker) {
        return Hash.of(Hash.sha256().digest((worker + "|" + range).getBytes(StandardCharsets.UTF_8)));
    }
}
