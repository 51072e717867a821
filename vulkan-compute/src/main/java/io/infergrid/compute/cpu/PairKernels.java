package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.INTS;
import static io.infergrid.compute.cpu.Lanes.ORDER;
import static io.infergrid.compute.cpu.Lanes.PAIRED;
import static io.infergrid.compute.cpu.PairLayout.PAIRS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * The inner loops of {@link PairMatrix} for many positions: 16-bit multiplications and additions, twice as many lanes as binary32 has and on
 * ports of their own. A lane adds up 8 or 16 products of the even (or the odd) columns of one row; the sum of those fits in
 * 16 bits with its sign (16 products of at most 16 * 127, or 8 of 32 * 127), so what is added on the way may wrap.
 *
 * <p>Short loops and few helper methods, for the reasons in {@link BlockKernels}. Weights are [pairs][2 * GROUP lanes], an
 * activation is a pair of 16-bit integers in an int.
 */
final class PairKernels {

    /** Lanes of a pair of columns for the rows of a group. */
    static final int WIDTH = 2 * GROUP;

    private static final ShortVector TABLE_HIGH = table(0, true);
    private static final ShortVector TABLE_HIGH_2 = table(8, true);
    private static final ShortVector TABLE_LOW = table(0, false);
    private static final ShortVector TABLE_LOW_2 = table(8, false);

    private PairKernels() {}

    // the values as 8 * high + low, because 16 products of 127 * 127 do not fit; repeated if there are more than 16
    // lanes
    private static ShortVector table(int from, boolean high) {
        var values = new short[PAIRED.length()];
        for (int i = 0; i < values.length; i++) {
            int value = PairLayout.NON_LINEAR[(from + i) % 16];
            values[i] = (short) (high ? value >> 3 : value & 7);
        }
        return ShortVector.fromArray(PAIRED, values, 0);
    }

    /** Four words of four pairs, of 4 bits, to weights. */
    static void unpackFours(MemorySegment data, long at, int centre, short[] w, int to) {
        for (int word = 0; word < 4; word++) {
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * COUNT * word, ORDER);
            int first = to + 4 * word * WIDTH;
            v.and((short) 15).sub((short) centre).intoArray(w, first);
            v.lanewise(LSHR, 4).and((short) 15).sub((short) centre).intoArray(w, first + WIDTH);
            v.lanewise(LSHR, 8).and((short) 15).sub((short) centre).intoArray(w, first + 2 * WIDTH);
            v.lanewise(LSHR, 12).sub((short) centre).intoArray(w, first + 3 * WIDTH);
        }
    }

    /** Five words of three pairs, of 5 bits, and of a bit of the last pair each, to weights. */
    static void unpackFives(MemorySegment data, long at, int centre, short[] w, int to) {
        ShortVector last = ShortVector.broadcast(PAIRED, -centre);
        for (int word = 0; word < 5; word++) {
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * COUNT * word, ORDER);
            int first = to + 3 * word * WIDTH;
            v.and((short) 31).sub((short) centre).intoArray(w, first);
            v.lanewise(LSHR, 5).and((short) 31).sub((short) centre).intoArray(w, first + WIDTH);
            v.lanewise(LSHR, 10).and((short) 31).sub((short) centre).intoArray(w, first + 2 * WIDTH);
            last = last.add(v.lanewise(LSHR, 15).lanewise(LSHL, word));
        }
        last.intoArray(w, to + 15 * WIDTH);
    }

    /** Twice three words of two pairs, of 6 bits, and together of two more, to weights. */
    static void unpackSixes(MemorySegment data, long at, int centre, short[] w, int to) {
        for (int half = 0; half < 2; half++) {
            int first = to + 8 * half * WIDTH;
            long words = at + 12L * COUNT * half;
            ShortVector v0 = ShortVector.fromMemorySegment(PAIRED, data, words, ORDER);
            ShortVector v1 = ShortVector.fromMemorySegment(PAIRED, data, words + 4L * COUNT, ORDER);
            ShortVector v2 = ShortVector.fromMemorySegment(PAIRED, data, words + 8L * COUNT, ORDER);
            v0.and((short) 63).sub((short) centre).intoArray(w, first);
            v0.lanewise(LSHR, 6).and((short) 63).sub((short) centre).intoArray(w, first + WIDTH);
            v1.and((short) 63).sub((short) centre).intoArray(w, first + 2 * WIDTH);
            v1.lanewise(LSHR, 6).and((short) 63).sub((short) centre).intoArray(w, first + 3 * WIDTH);
            v2.and((short) 63).sub((short) centre).intoArray(w, first + 4 * WIDTH);
            v2.lanewise(LSHR, 6).and((short) 63).sub((short) centre).intoArray(w, first + 5 * WIDTH);
            v0.lanewise(LSHR, 12)
                    .or(v2.lanewise(LSHR, 8).and((short) 48))
                    .sub((short) centre)
                    .intoArray(w, first + 6 * WIDTH);
            v1.lanewise(LSHR, 12)
                    .or(v2.lanewise(LSHR, 10).and((short) 48))
                    .sub((short) centre)
                    .intoArray(w, first + 7 * WIDTH);
        }
    }

    /** Two words of five pairs, of 3 bits, and one for the other three pairs of each half, to weights. */
    static void unpackThrees(MemorySegment data, long at, int centre, short[] w, int to) {
        for (int half = 0; half < 2; half++) {
            int first = to + 8 * half * WIDTH;
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * COUNT * half, ORDER);
            for (int pair = 0; pair < 5; pair++) {
                v.and((short) 7).sub((short) centre).intoArray(w, first + pair * WIDTH);
                v = v.lanewise(LSHR, 3);
            }
            ShortVector more = ShortVector.fromMemorySegment(PAIRED, data, at + 8L * COUNT, ORDER)
                    .lanewise(LSHR, 8 * half);
            more.and((short) 7).sub((short) centre).intoArray(w, first + 5 * WIDTH);
            more.lanewise(LSHR, 3).and((short) 7).sub((short) centre).intoArray(w, first + 6 * WIDTH);
            more.lanewise(LSHR, 6)
                    .and((short) 3)
                    .or(v.lanewise(LSHL, 2))
                    .sub((short) centre)
                    .intoArray(w, first + 7 * WIDTH);
        }
    }

    /** Two words of eight pairs, of 2 bits, to weights. */
    static void unpackTwos(MemorySegment data, long at, int centre, short[] w, int to) {
        for (int half = 0; half < 2; half++) {
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * COUNT * half, ORDER);
            for (int pair = 0; pair < 8; pair++) {
                v.and((short) 3).sub((short) centre).intoArray(w, to + (8 * half + pair) * WIDTH);
                v = v.lanewise(LSHR, 2);
            }
        }
    }

    /** Weights that are indices of the table to the values' higher parts, and after them, from {@code lowAt} on, the lower. */
    static void lookUp(short[] w, int lowAt) {
        for (int i = 0; i < PAIRS * WIDTH; i += 2 * COUNT) {
            ShortVector index = ShortVector.fromArray(PAIRED, w, i);
            low(index).intoArray(w, lowAt + i);
            high(index).intoArray(w, i);
        }
    }

    /** The values at some indices, without their lowest three bits: divided by 8. */
    static ShortVector high(ShortVector index) {
        return PAIRED.length() >= 16 ? index.selectFrom(TABLE_HIGH) : index.selectFrom(TABLE_HIGH, TABLE_HIGH_2);
    }

    /** The lowest three bits. */
    static ShortVector low(ShortVector index) {
        return PAIRED.length() >= 16 ? index.selectFrom(TABLE_LOW) : index.selectFrom(TABLE_LOW, TABLE_LOW_2);
    }

    /**
     * Sums of products of unpacked weights for a tile of {@link Activations#TILE} positions, in as many accumulators as the
     * registers of AVX-512 (and NEON) hold.
     *
     * @param w [pairs][WIDTH] from {@code wFrom} on
     * @param x [pairs][TILE] from {@code xFrom} on
     * @param dots receives [TILE][WIDTH] from {@code dotsFrom} on
     */
    static void tile(short[] w, int wFrom, int pairs, int[] x, int xFrom, short[] dots, int dotsFrom) {
        ShortVector a0 = ShortVector.zero(PAIRED);
        ShortVector b0 = a0;
        ShortVector a1 = a0;
        ShortVector b1 = a0;
        ShortVector a2 = a0;
        ShortVector b2 = a0;
        ShortVector a3 = a0;
        ShortVector b3 = a0;
        ShortVector a4 = a0;
        ShortVector b4 = a0;
        ShortVector a5 = a0;
        ShortVector b5 = a0;
        ShortVector a6 = a0;
        ShortVector b6 = a0;
        ShortVector a7 = a0;
        ShortVector b7 = a0;
        int i = xFrom;
        for (int at = wFrom; at < wFrom + pairs * WIDTH; at += WIDTH) {
            ShortVector w0 = ShortVector.fromArray(PAIRED, w, at);
            ShortVector w1 = ShortVector.fromArray(PAIRED, w, at + 2 * COUNT);
            ShortVector v = IntVector.broadcast(INTS, x[i]).reinterpretAsShorts();
            a0 = a0.add(w0.mul(v));
            b0 = b0.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts();
            a1 = a1.add(w0.mul(v));
            b1 = b1.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts();
            a2 = a2.add(w0.mul(v));
            b2 = b2.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts();
            a3 = a3.add(w0.mul(v));
            b3 = b3.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts();
            a4 = a4.add(w0.mul(v));
            b4 = b4.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts();
            a5 = a5.add(w0.mul(v));
            b5 = b5.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts();
            a6 = a6.add(w0.mul(v));
            b6 = b6.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts();
            a7 = a7.add(w0.mul(v));
            b7 = b7.add(w1.mul(v));
            i += Activations.TILE;
        }
        a0.intoArray(dots, dotsFrom);
        b0.intoArray(dots, dotsFrom + 2 * COUNT);
        a1.intoArray(dots, dotsFrom + WIDTH);
        b1.intoArray(dots, dotsFrom + WIDTH + 2 * COUNT);
        a2.intoArray(dots, dotsFrom + 2 * WIDTH);
        b2.intoArray(dots, dotsFrom + 2 * WIDTH + 2 * COUNT);
        a3.intoArray(dots, dotsFrom + 3 * WIDTH);
        b3.intoArray(dots, dotsFrom + 3 * WIDTH + 2 * COUNT);
        a4.intoArray(dots, dotsFrom + 4 * WIDTH);
        b4.intoArray(dots, dotsFrom + 4 * WIDTH + 2 * COUNT);
        a5.intoArray(dots, dotsFrom + 5 * WIDTH);
        b5.intoArray(dots, dotsFrom + 5 * WIDTH + 2 * COUNT);
        a6.intoArray(dots, dotsFrom + 6 * WIDTH);
        b6.intoArray(dots, dotsFrom + 6 * WIDTH + 2 * COUNT);
        a7.intoArray(dots, dotsFrom + 7 * WIDTH);
        b7.intoArray(dots, dotsFrom + 7 * WIDTH + 2 * COUNT);
    }

    /** Four positions of a tile, as many as the sixteen registers of AVX2 have accumulators for. */
    static void halfTile(short[] w, int wFrom, int pairs, int[] x, int xFrom, short[] dots, int dotsFrom) {
        ShortVector a0 = ShortVector.zero(PAIRED);
        ShortVector b0 = a0;
        ShortVector a1 = a0;
        ShortVector b1 = a0;
        ShortVector a2 = a0;
        ShortVector b2 = a0;
        ShortVector a3 = a0;
        ShortVector b3 = a0;
        int i = xFrom;
        for (int at = wFrom; at < wFrom + pairs * WIDTH; at += WIDTH) {
            ShortVector w0 = ShortVector.fromArray(PAIRED, w, at);
            ShortVector w1 = ShortVector.fromArray(PAIRED, w, at + 2 * COUNT);
            ShortVector v = IntVector.broadcast(INTS, x[i]).reinterpretAsShorts();
            a0 = a0.add(w0.mul(v));
            b0 = b0.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts();
            a1 = a1.add(w0.mul(v));
            b1 = b1.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts();
            a2 = a2.add(w0.mul(v));
            b2 = b2.add(w1.mul(v));
            v = IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts();
            a3 = a3.add(w0.mul(v));
            b3 = b3.add(w1.mul(v));
            i += Activations.TILE;
        }
        a0.intoArray(dots, dotsFrom);
        b0.intoArray(dots, dotsFrom + 2 * COUNT);
        a1.intoArray(dots, dotsFrom + WIDTH);
        b1.intoArray(dots, dotsFrom + WIDTH + 2 * COUNT);
        a2.intoArray(dots, dotsFrom + 2 * WIDTH);
        b2.intoArray(dots, dotsFrom + 2 * WIDTH + 2 * COUNT);
        a3.intoArray(dots, dotsFrom + 3 * WIDTH);
        b3.intoArray(dots, dotsFrom + 3 * WIDTH + 2 * COUNT);
    }

    /**
     * Adds terms {@code dot * (scale * activationScale)} of some positions to their sums.
     *
     * @param dots [positions][WIDTH]
     * @param scales [GROUP]
     * @param xs [positions] from {@code xsFrom} on
     * @param sums [positions][GROUP] from {@code sumsFrom} on
     */
    static void addTerms(short[] dots, float[] scales, float[] xs, int xsFrom, float[] sums, int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            for (int p = 0; p < Activations.TILE; p++) {
                FloatVector dot = sum(dots, p * WIDTH + 2 * half);
                int at = sumsFrom + p * GROUP + half;
                FloatVector.fromArray(FLOATS, sums, at)
                        .add(dot.mul(scale.mul(xs[xsFrom + p])))
                        .intoArray(sums, at);
            }
        }
    }

    /**
     * Adds terms {@code (dot + centre * low) * (scale * activationScale) + low * (offset * activationScale)}.
     *
     * @param lows sums of the activations of the first half of the block, [positions] from {@code lowsFrom} on, and of the
     *     second, from {@code lowsFrom + lowsStride} on
     */
    static void addTermsWithOffset(
            short[] dots,
            float centre,
            float[] scales,
            float[] offsets,
            float[] xs,
            int xsFrom,
            float[] lows,
            int lowsFrom,
            float[] sums,
            int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector offset = FloatVector.fromArray(FLOATS, offsets, half);
            for (int p = 0; p < Activations.TILE; p++) {
                float low = lows[lowsFrom + p] + lows[lowsFrom + Activations.TILE + p];
                FloatVector dot = sum(dots, p * WIDTH + 2 * half).add(centre * low);
                FloatVector x = FloatVector.broadcast(FLOATS, xs[xsFrom + p]);
                int at = sumsFrom + p * GROUP + half;
                FloatVector.fromArray(FLOATS, sums, at)
                        .add(dot.mul(scale.mul(x)).add(offset.mul(x).mul(low)))
                        .intoArray(sums, at);
            }
        }
    }

    /**
     * The same as {@link #addTerms} where the dot product is {@code factor0 * dot0 + factor1 * dot1}, which is an integer
     * below 2^24 like each of its parts.
     *
     * @param dots [2][Activations.TILE][WIDTH]
     * @param factors [2][GROUP]
     */
    static void addTermsOfHalves(
            short[] dots, float[] factors, float[] scales, float[] xs, int xsFrom, float[] sums, int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector factor0 = FloatVector.fromArray(FLOATS, factors, half);
            FloatVector factor1 = FloatVector.fromArray(FLOATS, factors, GROUP + half);
            for (int p = 0; p < Activations.TILE; p++) {
                FloatVector dot0 = sum(dots, p * WIDTH + 2 * half);
                FloatVector dot1 = sum(dots, (Activations.TILE + p) * WIDTH + 2 * half);
                int at = sumsFrom + p * GROUP + half;
                FloatVector.fromArray(FLOATS, sums, at)
                        .add(dot0.mul(factor0).add(dot1.mul(factor1)).mul(scale.mul(xs[xsFrom + p])))
                        .intoArray(sums, at);
            }
        }
    }

    /**
     * The same as {@link #addTermsWithOffset} where both the dot product and the sum of activations are weighted by halves.
     *
     * @param factors [4][GROUP]: of the dot products' halves, then of the sums'
     */
    static void addTermsOfHalvesWithOffset(
            short[] dots,
            float[] factors,
            float[] scales,
            float[] offsets,
            float[] xs,
            int xsFrom,
            float[] lows,
            int lowsFrom,
            float[] sums,
            int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector offset = FloatVector.fromArray(FLOATS, offsets, half);
            FloatVector factor0 = FloatVector.fromArray(FLOATS, factors, half);
            FloatVector factor1 = FloatVector.fromArray(FLOATS, factors, GROUP + half);
            FloatVector low0 = FloatVector.fromArray(FLOATS, factors, 2 * GROUP + half);
            FloatVector low1 = FloatVector.fromArray(FLOATS, factors, 3 * GROUP + half);
            for (int p = 0; p < Activations.TILE; p++) {
                FloatVector dot = sum(dots, p * WIDTH + 2 * half)
                        .mul(factor0)
                        .add(sum(dots, (Activations.TILE + p) * WIDTH + 2 * half)
                                .mul(factor1));
                FloatVector low = low0.mul(lows[lowsFrom + p]).add(low1.mul(lows[lowsFrom + Activations.TILE + p]));
                FloatVector x = FloatVector.broadcast(FLOATS, xs[xsFrom + p]);
                int at = sumsFrom + p * GROUP + half;
                FloatVector.fromArray(FLOATS, sums, at)
                        .add(dot.mul(scale.mul(x)).add(low.mul(offset.mul(x))))
                        .intoArray(sums, at);
            }
        }
    }

    /** Even and odd columns' sums of a vector of rows, added. */
    private static FloatVector sum(short[] dots, int at) {
        return sum(ShortVector.fromArray(PAIRED, dots, at));
    }

    private static FloatVector sum(ShortVector evenAndOdd) {
        IntVector both = evenAndOdd.reinterpretAsInts();
        return (FloatVector) both.lanewise(LSHL, 16)
                .lanewise(ASHR, 16)
                .add(both.lanewise(ASHR, 16))
                .convertShape(I2F, FLOATS, 0);
    }
}
