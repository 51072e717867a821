package io.infergrid.grid.exchange;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Decides which piece a source is asked for next. The piece that the fewest sources have comes first, equals in an order left to chance,
 * so that nodes that fetch at the same time soon have different pieces for each other. When every piece that is wanted is asked for
 * somewhere, the endgame: what is under way is asked for again from others, and whoever comes second is told to stop.
 *
 * <p>Pure: no clock, no network. Not thread-safe.
 *
 * @param <S> a source, compared by {@code equals}
 */
final class PiecePicker<S> {

    /** Sources that may be asked for one piece at once in the endgame. */
    static final int MOST_ASKED = 3;

    private static final int BUCKETS = 65;

    private final int pieces;
    private final RandomGenerator random;
    private final Map<S, BitSet> have = new HashMap<>();
    private final Map<Integer, Set<S>> asked = new HashMap<>();
    private final BitSet wanted;
    private final BitSet done;
    private final int[] copies;

    // Open pieces (wanted, not done, not asked for) ordered by copies: bucket b ends at end[b].
    private final int[] order;
    private final int[] place;
    private final int[] end = new int[BUCKETS];

    /** @param pieces of the whole model, numbered from 0 */
    PiecePicker(int pieces, RandomGenerator random) {
        this.pieces = pieces;
        this.random = random;
        wanted = new BitSet(pieces);
        done = new BitSet(pieces);
        copies = new int[pieces];
        order = new int[pieces];
        place = new int[pieces];
        Arrays.fill(place, -1);
    }

    // ---- what is wanted

    /** The piece is to be fetched, if it is not there already. */
    void want(int piece) {
        if (!wanted.get(piece)) {
            wanted.set(piece);
            reopen(piece);
        }
    }

    /** The piece is there, wherever it came from. */
    void have(int piece) {
        close(piece);
        done.set(piece);
    }

    /** A piece that was there is not any more, e.g. it rotted on the disk. */
    void lost(int piece) {
        done.clear(piece);
        reopen(piece);
    }

    /** Wanted pieces that are not there. */
    int missing() {
        return wanted.cardinality() - doneWanted();
    }

    private int doneWanted() {
        var both = (BitSet) wanted.clone();
        both.and(done);
        return both.cardinality();
    }

    boolean isDone(int piece) {
        return done.get(piece);
    }

    // ---- sources

    /** The source has exactly these; replaces what it said before. */
    void sourceHas(S source, BitSet numbers) {
        BitSet before = have.put(source, (BitSet) numbers.clone());
        for (int piece = 0; piece < pieces; piece++) {
            int change = (numbers.get(piece) ? 1 : 0) - (before != null && before.get(piece) ? 1 : 0);
            if (change != 0) {
                recount(piece, change);
            }
        }
    }

    /** The source got one more. */
    void sourceGained(S source, int piece) {
        BitSet known = have.get(source);
        if (known != null && !known.get(piece)) {
            known.set(piece);
            recount(piece, 1);
        }
    }

    /** The source has a piece no more. */
    void sourceLost(S source, int piece) {
        BitSet known = have.get(source);
        if (known != null && known.get(piece)) {
            known.clear(piece);
            recount(piece, -1);
        }
    }

    /** The source is gone; what it was asked for is open again unless others were asked as well. */
    void sourceLeft(S source) {
        BitSet known = have.remove(source);
        if (known != null) {
            for (int piece = known.nextSetBit(0); piece >= 0; piece = known.nextSetBit(piece + 1)) {
                recount(piece, -1);
            }
        }
        for (int piece : Set.copyOf(asked.keySet())) {
            returned(source, piece);
        }
    }

    /** Whether the source has something that is wanted and not there. */
    boolean interesting(S source) {
        BitSet known = have.get(source);
        if (known == null) {
            return false;
        }
        for (int piece = known.nextSetBit(0); piece >= 0; piece = known.nextSetBit(piece + 1)) {
            if (wanted.get(piece) && !done.get(piece)) {
                return true;
            }
        }
        return false;
    }

    int copies(int piece) {
        return copies[piece];
    }

    // ---- asking

    /** The piece to ask {@code source} for now, which then counts as asked for; -1 if there is none. */
    int pick(S source) {
        BitSet known = have.get(source);
        if (known == null) {
            return -1;
        }
        int open = end[BUCKETS - 1];
        for (int i = 0; i < open; i++) {
            int piece = order[i];
            if (known.get(piece)) {
                close(piece);
                asked.computeIfAbsent(piece, p -> new HashSet<>()).add(source);
                return piece;
            }
        }
        return open == 0 ? again(source, known) : -1;
    }

    /** Endgame: of what is under way, the piece that the fewest were asked for. */
    private int again(S source, BitSet known) {
        int best = -1;
        int fewest = MOST_ASKED;
        for (var entry : asked.entrySet()) {
            int piece = entry.getKey();
            int askedFor = entry.getValue().size();
            boolean better = askedFor < fewest || (askedFor == fewest && best >= 0 && piece < best);
            if (better && known.get(piece) && !entry.getValue().contains(source)) {
                best = piece;
                fewest = askedFor;
            }
        }
        if (best >= 0) {
            Objects.requireNonNull(asked.get(best)).add(source);
        }
        return best;
    }

    /** The source will not send the piece, or sent a wrong one. */
    void returned(S source, int piece) {
        Set<S> from = asked.get(piece);
        if (from != null && from.remove(source) && from.isEmpty()) {
            asked.remove(piece);
            reopen(piece);
        }
    }

    /**
     * The piece came from {@code source}, is verified and stored.
     *
     * @return others that were asked for it and can stop
     */
    Set<S> arrived(S source, int piece) {
        Set<S> from = asked.remove(piece);
        have(piece);
        if (from == null) {
            return Set.of();
        }
        from.remove(source);
        return from;
    }

    // ---- the order by copies

    private void reopen(int piece) {
        if (wanted.get(piece) && !done.get(piece) && !asked.containsKey(piece) && place[piece] < 0) {
            insert(piece, bucket(piece));
        }
    }

    private void close(int piece) {
        if (place[piece] >= 0) {
            remove(piece, bucket(piece));
        }
    }

    private int bucket(int piece) {
        return Math.min(BUCKETS - 1, copies[piece]);
    }

    private void recount(int piece, int change) {
        boolean open = place[piece] >= 0;
        if (open) {
            remove(piece, bucket(piece));
        }
        copies[piece] += change;
        if (open) {
            insert(piece, bucket(piece));
        }
    }

    private void insert(int piece, int bucket) {
        int hole = end[BUCKETS - 1]++;
        for (int b = BUCKETS - 1; b > bucket; b--) {
            int first = end[b - 1];
            if (first != hole) {
                put(order[first], hole);
            }
            hole = first;
            end[b - 1]++;
        }
        int start = bucket == 0 ? 0 : end[bucket - 1];
        int drawn = start + random.nextInt(hole - start + 1);
        if (drawn != hole) {
            put(order[drawn], hole);
        }
        put(piece, drawn);
    }

    private void remove(int piece, int bucket) {
        int hole = place[piece];
        place[piece] = -1;
        for (int b = bucket; b < BUCKETS; b++) {
            int last = --end[b];
            if (last != hole) {
                put(order[last], hole);
            }
            hole = last;
        }
    }

    private void put(int piece, int at) {
        order[at] = piece;
        place[piece] = at;
    }
}
