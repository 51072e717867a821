package io.infergrid.app.ui.swarm;

import java.util.BitSet;
import java.util.regex.Pattern;

/** Reads what a peer announces that it holds, e.g. {@code 0-1,4}: first and last block, both included. */
final class HeldBlocks {

    private static final Pattern RANGE = Pattern.compile("\\s*(\\d{1,6})\\s*(?:-\\s*(\\d{1,6})\\s*)?");

    private HeldBlocks() {}

    /** Blocks beyond {@code modelBlocks} and parts that are no range are passed over: they come from strangers. */
    static BitSet of(String held, int modelBlocks) {
        var blocks = new BitSet(modelBlocks);
        for (var part : held.split(",", 256)) {
            var range = RANGE.matcher(part);
            if (range.matches()) {
                var first = Integer.parseInt(range.group(1));
                var last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
                if (first <= last && first < modelBlocks) {
                    blocks.set(first, Math.min(last + 1, modelBlocks));
                }
            }
        }
        return blocks;
    }
}
