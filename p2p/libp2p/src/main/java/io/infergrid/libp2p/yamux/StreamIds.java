package io.infergrid.libp2p.yamux;

import java.util.BitSet;

/**
 * The ids that the other side has used. Streams opened at once may arrive a little out of order, so the last ids below the highest
 * one are kept one by one; older ones all count as used. For the reader thread.
 */
final class StreamIds {

    private static final int KEPT = 4096;

    private final BitSet used = new BitSet(KEPT);
    private long highest = -1; // index: id / 2

    /** Marks an id as used; false if it was already. */
    boolean use(int id) {
        long index = Integer.toUnsignedLong(id) / 2;
        if (index <= highest - KEPT) {
            return false;
        }
        if (index > highest) {
            if (index - highest >= KEPT) {
                used.clear();
            } else {
                for (long i = highest + 1; i <= index; i++) {
                    used.clear((int) (i % KEPT));
                }
            }
            highest = index;
        } else if (used.get((int) (index % KEPT))) {
            return false;
        }
        used.set((int) (index % KEPT));
        return true;
    }

    boolean wasUsed(int id) {
        long index = Integer.toUnsignedLong(id) / 2;
        return index <= highest - KEPT || index <= highest && used.get((int) (index % KEPT));
    }
}
