package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.PairLayout.PAIRS;

import io.infergrid.compute.cpu.PairLayout.Field;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What packed words are multiplied with instead of activations, so that no bits have to be cut out of them. A word
 * {@code v = f0 + 2^s1 * f1 + 2^s2 * f2 + ...} of fields has {@code f1 = (v >> s1) - 2^(s2 - s1) * (v >> s2)}, so
 *
 * <pre>f0*x0 + f1*x1 + f2*x2 = v*x0 + (v >> s1)*(x1 - 2^s1*x0) + (v >> s2)*(x2 - 2^(s2-s1)*x1)</pre>
 *
 * in integers, and therefore in 16 bits that wrap as well, if the sum fits. A shift, a multiplication and an addition for each
 * field, and the right-hand factors are the same for all rows.
 */
final class WordWeights {

    private static final List<WordWeights> FROM_TWO_BITS =
            List.of(of(2, 0, 2), of(3, 4, 2), of(4, 8, 1), of(5, 16, 1), of(6, 32, 2));

    /** {@code 2^upShift * x[up] - 2^downShift * x[down]}; a pair of -1 is none. */
    private record Term(int up, int upShift, int down, int downShift) {}

    private final int centre;
    private final List<List<Term>> halves;
    private final int perBlock;

    private WordWeights(int centre, List<List<Term>> halves) {
        this.centre = centre;
        this.halves = halves;
        perBlock = halves.stream().mapToInt(List::size).sum() + halves.size();
    }

    /** For weights of 2 to 6 bits, not for indices. */
    static WordWeights of(int bits) {
        return FROM_TWO_BITS.get(bits - 2);
    }

    private static WordWeights of(int bits, int centre, int halves) {
        var terms = new ArrayList<List<Term>>();
        for (int half = 0; half < halves; half++) {
            var some = new ArrayList<Term>();
            for (int word = 0; word < bits; word++) {
                addTerms(bits, word, half * PAIRS / halves, (half + 1) * PAIRS / halves, some);
            }
            terms.add(List.copyOf(some));
        }
        return new WordWeights(centre, List.copyOf(terms));
    }

    private record Placed(int pair, Field field) {}

    /** The terms of one word, of the pairs {@code [from, to)}. */
    private static void addTerms(int bits, int word, int from, int to, List<Term> terms) {
        var placed = new ArrayList<Placed>();
        for (int pair = from; pair < to; pair++) {
            for (Field field : PairLayout.fields(bits, pair)) {
                if (field.word() == word) {
                    placed.add(new Placed(pair, field));
                }
            }
        }
        placed.sort(Comparator.comparingInt(one -> one.field().shift()));
        int below = -1;
        int belowShift = 0;
        for (Placed one : placed) {
            terms.add(new Term(one.pair(), one.field().place(), below, belowShift));
            below = one.pair();
            belowShift = one.field().place() + one.field().bits();
        }
        if (below >= 0
                && placed.getLast().field().shift() + placed.getLast().field().bits() < 16) {
            // what is above belongs to the other half
            terms.add(new Term(-1, 0, below, belowShift));
        }
    }

    /** Integers of a block. */
    int perBlock() {
        return perBlock;
    }

    /**
     * A block's: for each half of the weights (or for all, if they have no factors of their own) those of its words in order, each
     * from the lowest field on, then minus the centre times the sum of the half's activations.
     *
     * @param x [pairs]: two 16-bit integers each
     * @param out receives {@link #perBlock()} of the same
     */
    void compute(int[] x, int[] out, int at) {
        int to = at;
        for (int half = 0; half < halves.size(); half++) {
            for (Term term : halves.get(half)) {
                int up = term.up() < 0 ? 0 : x[term.up()];
                int down = term.down() < 0 ? 0 : x[term.down()];
                out[to++] = both(
                        ((short) up << term.upShift()) - ((short) down << term.downShift()),
                        (up >> 16 << term.upShift()) - (down >> 16 << term.downShift()));
            }
            int even = 0;
            int odd = 0;
            int pairs = PAIRS / halves.size();
            for (int pair = half * pairs; pair < (half + 1) * pairs; pair++) {
                even += (short) x[pair];
                odd += x[pair] >> 16;
            }
            out[to++] = both(-centre * even, -centre * odd);
        }
    }

    private static int both(int even, int odd) {
        return even & 0xffff | odd << 16;
    }
}
