package io.infergrid.compute.tokenizer;

import java.util.PriorityQueue;

/**
 * A row of symbols in which neighbours are merged, best pair first, leftmost first among equals. Every merge costs log n: a
 * merged pair's stale candidates stay in the queue and are dropped when they come up.
 */
final class MergeQueue {

    /** What a vocabulary says of two neighbours. */
    interface Merges {

        long NONE = Long.MIN_VALUE;

        /**
         * @return {@link #of} a rank and a symbol, or {@link #NONE} if the two do not merge
         */
        long merge(int left, int right);

        /** Lower ranks merge first. */
        static long of(int rank, int symbol) {
            return ((long) rank << 32) | (symbol & 0xFFFF_FFFFL);
        }
    }

    private record Candidate(int rank, int at, int left, int right, int merged) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int byRank = Integer.compare(rank, other.rank);
            return byRank != 0 ? byRank : Integer.compare(at, other.at);
        }
    }

    private static final int GONE = Integer.MIN_VALUE;

    private final Merges merges;
    private final int[] symbols;
    private final int[] next;
    private final int[] previous;
    private final PriorityQueue<Candidate> candidates = new PriorityQueue<>();

    private MergeQueue(Merges merges, int[] symbols) {
        this.merges = merges;
        this.symbols = symbols;
        next = new int[symbols.length];
        previous = new int[symbols.length];
        for (int i = 0; i < symbols.length; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
        }
    }

    /** Merges until nothing merges and appends what is left. {@code symbols} is used up. */
    static void merge(int[] symbols, Merges merges, IntList out) {
        new MergeQueue(merges, symbols).run();
        for (int symbol : symbols) {
            if (symbol != GONE) {
                out.add(symbol);
            }
        }
    }

    private void run() {
        for (int i = 0; i + 1 < symbols.length; i++) {
            offer(i);
        }
        for (Candidate best = candidates.poll(); best != null; best = candidates.poll()) {
            int left = best.at();
            int right = next[left];
            if (symbols[left] != best.left() || right >= symbols.length || symbols[right] != best.right()) {
                continue;
            }
            symbols[left] = best.merged();
            symbols[right] = GONE;
            next[left] = next[right];
            if (next[left] < symbols.length) {
                previous[next[left]] = left;
            }
            if (previous[left] >= 0) {
                offer(previous[left]);
            }
            offer(left);
        }
    }

    private void offer(int left) {
        int right = next[left];
        if (right >= symbols.length) {
            return;
        }
        long merge = merges.merge(symbols[left], symbols[right]);
        if (merge != Merges.NONE) {
            candidates.add(new Candidate((int) (merge >> 32), left, symbols[left], symbols[right], (int) merge));
        }
    }
}
