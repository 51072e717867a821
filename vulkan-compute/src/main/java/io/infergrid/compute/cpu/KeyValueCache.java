package io.infergrid.compute.cpu;

import io.infergrid.compute.arithmetic.Layers;
import java.util.Arrays;

/**
 * Keys and values of one block for one session, as halves. Positions come in chunks of 32, which is also how IG1 sums over
 * them; inside a chunk, keys lie with positions side by side (a SIMD lane is a position) and values with a head's elements
 * side by side (a lane is an element). Grows as positions come.
 */
final class KeyValueCache {

    static final int CHUNK = Layers.ATTENTION_CHUNK;

    final int kvHeads;
    final int headDimension;
    /** The head dimension rounded up to whole vectors. */
    final int paddedDimension;

    /** [chunks][kvHeads][headDimension][32 positions]. */
    short[] keys = {};

    /** [chunks][kvHeads][32 positions][paddedDimension]. */
    short[] values = {};

    KeyValueCache(int kvHeads, int headDimension) {
        this.kvHeads = kvHeads;
        this.headDimension = headDimension;
        this.paddedDimension = (headDimension + Lanes.COUNT - 1) / Lanes.COUNT * Lanes.COUNT;
    }

    /** Makes room for {@code positions} positions, and for more in expectation of them, but not over {@code most}. */
    void reserve(int positions, int most) {
        int chunk = CHUNK * kvHeads * paddedDimension;
        int present = values.length / chunk;
        int needed = chunks(positions);
        if (needed > present) {
            int wanted = Math.min(chunks(most), Math.max(needed, present + present / 2 + 4));
            keys = Arrays.copyOf(keys, Math.multiplyExact(wanted, CHUNK * kvHeads * headDimension));
            values = Arrays.copyOf(values, Math.multiplyExact(wanted, chunk));
        }
    }

    private static int chunks(int positions) {
        return (positions + CHUNK - 1) / CHUNK;
    }

    /** Where the keys of a head begin in a chunk of positions. */
    int keysAt(int chunk, int head) {
        return (chunk * kvHeads + head) * headDimension * CHUNK;
    }

    /** Where the values of a head begin in a chunk of positions. */
    int valuesAt(int chunk, int head) {
        return (chunk * kvHeads + head) * paddedDimension * CHUNK;
    }

    /**
     * Stores one position's key and value.
     *
     * @param key {@code [kvHeads][headDimension]} from {@code keyFrom} on, after rotation
     * @param halves room for headDimension shorts
     */
    void store(int position, float[] key, int keyFrom, float[] value, int valueFrom, short[] halves) {
        int chunk = position / CHUNK;
        int lane = position % CHUNK;
        for (int head = 0; head < kvHeads; head++) {
            VectorIg1.toHalf(key, keyFrom + head * headDimension, headDimension, halves, 0);
            int at = keysAt(chunk, head) + lane;
            for (int d = 0; d < headDimension; d++) {
                keys[at + d * CHUNK] = halves[d];
            }
            VectorIg1.toHalf(
                    value,
                    valueFrom + head * headDimension,
                    headDimension,
                    values,
                    valuesAt(chunk, head) + lane * paddedDimension);
        }
    }
}
