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
 * The inner loops of {@link PairMatrix}: 16-bit multiplications and additions, twice as many lanes as binary32 has and on
 * ports of their own. A lane adds up 8 or 16 products of the even (or the odd) columns of one row; the sum of those fits in
 * 16 bits with its sign (16 products of at most 16 * 127, or 8 of 32 * 127), so what is added on the way may wrap.
 *
 * <p>Short loops and few helper methods, for the reasons in {@link BlockKernels}. Weights are [pairs][2 * GROUP lanes], an
 * activation is a pair of 16-bit integers in an int.
 */
final class PairKernels {

    /** Lanes of a pair of columns for the rows of a group. */
    static final int WIDTH = 2 * GROUP;

    /** Blocks that are multiplied in one call: those that share a superblock, and a divisor of IG1's 32 lanes. */
    static final int RUN = 8;

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

    /** Words of four pairs each, of 4 bits, to weights. */
    static void unpackNibbles(MemorySegment data, long at, int centre, short[] w) {
        for (int word = 0; word < 4; word++) {
            for (int half = 0; half < WIDTH; half += 2 * COUNT) {
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * (word * WIDTH + half), ORDER);
                int to = 4 * word * WIDTH + half;
                v.and((short) 15).sub((short) centre).intoArray(w, to);
                v.lanewise(LSHR, 4).and((short) 15).sub((short) centre).intoArray(w, to + WIDTH);
                v.lanewise(LSHR, 8).and((short) 15).sub((short) centre).intoArray(w, to + 2 * WIDTH);
                v.lanewise(LSHR, 12).sub((short) centre).intoArray(w, to + 3 * WIDTH);
            }
        }
    }

    /**
     * Words of four pairs each, of 4 bits, and words of the bits above them, to weights.
     *
     * @param highBits 1 or 2
     */
    static void unpackNibblesAndBits(MemorySegment data, long at, int highBits, int centre, short[] w) {
        int words = highBits == 2 ? 2 : 4;
        short mask = (short) (highBits == 2 ? 0x3333 : 0x1111);
        long from = at;
        for (int i = 0; i < 2 * highBits; i++) {
            int half = i / highBits * 2 * COUNT;
            int to = i % highBits * 8 * WIDTH + half;
            ShortVector high = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
            for (int word = 0; word < words; word++) {
                from += 4L * COUNT;
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
                ShortVector bits = high.and(mask);
                high = high.lanewise(LSHR, highBits);
                ShortVector even =
                        v.and((short) 0x0f0f).or(bits.and((short) 0x0f0f).lanewise(LSHL, 4));
                ShortVector odd = v.lanewise(LSHR, 4).and((short) 0x0f0f).or(bits.and((short) 0xf0f0));
                even.and((short) 255).sub((short) centre).intoArray(w, to);
                odd.and((short) 255).sub((short) centre).intoArray(w, to + WIDTH);
                even.lanewise(LSHR, 8).sub((short) centre).intoArray(w, to + 2 * WIDTH);
                odd.lanewise(LSHR, 8).sub((short) centre).intoArray(w, to + 3 * WIDTH);
                to += 4 * WIDTH;
            }
            from += 4L * COUNT;
        }
    }

    /** Two words of eight pairs each, of 2 bits, and, if {@code highBits} is 1, a word of the bits above them, to weights. */
    static void unpackTwos(MemorySegment data, long at, int highBits, int centre, short[] w) {
        for (int word = 0; word < 2; word++) {
            for (int half = 0; half < WIDTH; half += 2 * COUNT) {
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * (word * WIDTH + half), ORDER);
                ShortVector even = v.and((short) 0x3333);
                ShortVector odd = v.lanewise(LSHR, 2).and((short) 0x3333);
                if (highBits == 1) {
                    ShortVector bits = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * (2 * WIDTH + half), ORDER)
                            .lanewise(LSHR, word);
                    even = even.or(bits.and((short) 0x1111).lanewise(LSHL, 2));
                    odd = odd.or(bits.and((short) 0x4444));
                }
                int to = 8 * word * WIDTH + half;
                everyOther(even, centre, w, to);
                everyOther(odd, centre, w, to + WIDTH);
            }
        }
    }

    private static void everyOther(ShortVector fields, int centre, short[] w, int to) {
        fields.and((short) 15).sub((short) centre).intoArray(w, to);
        fields.lanewise(LSHR, 4).and((short) 15).sub((short) centre).intoArray(w, to + 2 * WIDTH);
        fields.lanewise(LSHR, 8).and((short) 15).sub((short) centre).intoArray(w, to + 4 * WIDTH);
        fields.lanewise(LSHR, 12).sub((short) centre).intoArray(w, to + 6 * WIDTH);
    }

    /** Weights that are indices of the table to the values' higher parts, and after them, from {@code lowAt} on, the lower. */
    static void lookUp(short[] w, int lowAt) {
        for (int i = 0; i < PAIRS * WIDTH; i += 2 * COUNT) {
            ShortVector index = ShortVector.fromArray(PAIRED, w, i);
            if (PAIRED.length() >= 16) {
                index.selectFrom(TABLE_LOW).intoArray(w, lowAt + i);
                index.selectFrom(TABLE_HIGH).intoArray(w, i);
            } else {
                index.selectFrom(TABLE_LOW, TABLE_LOW_2).intoArray(w, lowAt + i);
                index.selectFrom(TABLE_HIGH, TABLE_HIGH_2).intoArray(w, i);
            }
        }
    }

    /**
     * Sums of products of unpacked weights for one position.
     *
     * @param w [pairs][WIDTH] from {@code wFrom} on
     * @param x [pairs] from {@code xFrom} on
     * @param dots receives [WIDTH] from {@code dotsFrom} on
     */
    static void row(short[] w, int wFrom, int pairs, int[] x, int xFrom, short[] dots, int dotsFrom) {
        ShortVector a0 = ShortVector.zero(PAIRED);
        ShortVector b0 = a0;
        ShortVector a1 = a0;
        ShortVector b1 = a0;
        int i = xFrom;
        for (int at = wFrom; at < wFrom + pairs * WIDTH; at += 2 * WIDTH) {
            ShortVector v = IntVector.broadcast(INTS, x[i]).reinterpretAsShorts();
            a0 = a0.add(ShortVector.fromArray(PAIRED, w, at).mul(v));
            b0 = b0.add(ShortVector.fromArray(PAIRED, w, at + 2 * COUNT).mul(v));
            v = IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts();
            a1 = a1.add(ShortVector.fromArray(PAIRED, w, at + WIDTH).mul(v));
            b1 = b1.add(ShortVector.fromArray(PAIRED, w, at + WIDTH + 2 * COUNT).mul(v));
            i += 2;
        }
        a0.add(a1).intoArray(dots, dotsFrom);
        b0.add(b1).intoArray(dots, dotsFrom + 2 * COUNT);
    }

    /**
     * Sums of products of a run of blocks of nibbles for one position, straight from the packed words.
     *
     * @param at of the first block's words
     * @param blocks at most {@link #RUN}
     * @param x pairs from {@code xFrom} on
     * @param centre what is subtracted from each stored weight
     * @param pairSums [blocks][2] from {@code sumsFrom} on
     * @param dots receives [blocks][WIDTH]
     */
    static void nibbles(
            MemorySegment data,
            long at,
            int blocks,
            int[] x,
            int xFrom,
            int centre,
            int[] pairSums,
            int sumsFrom,
            short[] dots) {
        long from = at;
        for (int block = 0; block < blocks; block++) {
            int start = centred(pairSums, sumsFrom + 2 * block, centre);
            ShortVector a0 = IntVector.broadcast(INTS, start).reinterpretAsShorts();
            ShortVector b0 = a0;
            ShortVector a1 = ShortVector.zero(PAIRED);
            ShortVector b1 = a1;
            int i = xFrom + block * PAIRS;
            for (int word = 0; word < 4; word++) {
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
                ShortVector w = ShortVector.fromMemorySegment(PAIRED, data, from + 4L * COUNT, ORDER);
                ShortVector x0 = IntVector.broadcast(INTS, x[i]).reinterpretAsShorts();
                a0 = a0.add(v.and((short) 15).mul(x0));
                b0 = b0.add(w.and((short) 15).mul(x0));
                ShortVector x1 = IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts();
                a1 = a1.add(v.lanewise(LSHR, 4).and((short) 15).mul(x1));
                b1 = b1.add(w.lanewise(LSHR, 4).and((short) 15).mul(x1));
                ShortVector x2 = IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts();
                a0 = a0.add(v.lanewise(LSHR, 8).and((short) 15).mul(x2));
                b0 = b0.add(w.lanewise(LSHR, 8).and((short) 15).mul(x2));
                ShortVector x3 = IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts();
                a1 = a1.add(v.lanewise(LSHR, 12).mul(x3));
                b1 = b1.add(w.lanewise(LSHR, 12).mul(x3));
                from += 2L * WIDTH;
                i += 4;
            }
            a0.add(a1).intoArray(dots, block * WIDTH);
            b0.add(b1).intoArray(dots, block * WIDTH + 2 * COUNT);
        }
    }

    /** Like {@link #nibbles}, with a fifth bit in a word of its own. */
    static void nibblesAndBit(
            MemorySegment data,
            long at,
            int blocks,
            int[] x,
            int xFrom,
            int centre,
            int[] pairSums,
            int sumsFrom,
            short[] dots) {
        long from = at;
        for (int i = 0; i < 2 * blocks; i++) {
            int block = i >> 1;
            int p = xFrom + block * PAIRS;
            int start = centred(pairSums, sumsFrom + 2 * block, centre);
            ShortVector a = IntVector.broadcast(INTS, start).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector high = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
            from += 4L * COUNT;
            for (int word = 0; word < 4; word++) {
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
                ShortVector even =
                        v.and((short) 0x0f0f).or(high.and((short) 0x0101).lanewise(LSHL, 4));
                ShortVector odd = v.lanewise(LSHR, 4).and((short) 0x0f0f).or(high.and((short) 0x1010));
                a = a.add(even.and((short) 255)
                        .mul(IntVector.broadcast(INTS, x[p]).reinterpretAsShorts()));
                b = b.add(odd.and((short) 255)
                        .mul(IntVector.broadcast(INTS, x[p + 1]).reinterpretAsShorts()));
                a = a.add(even.lanewise(LSHR, 8)
                        .mul(IntVector.broadcast(INTS, x[p + 2]).reinterpretAsShorts()));
                b = b.add(odd.lanewise(LSHR, 8)
                        .mul(IntVector.broadcast(INTS, x[p + 3]).reinterpretAsShorts()));
                high = high.lanewise(LSHR, 1);
                from += 4L * COUNT;
                p += 4;
            }
            a.add(b).intoArray(dots, i * 2 * COUNT);
        }
    }

    /**
     * Like {@link #nibbles}, with two more bits in two words of their own.
     *
     * @param dots receives [2 halves of a block][RUN][WIDTH]
     */
    static void nibblesAndTwoBits(
            MemorySegment data,
            long at,
            int blocks,
            int[] x,
            int xFrom,
            int centre,
            int[] pairSums,
            int sumsFrom,
            short[] dots) {
        for (int i = 0; i < 4 * blocks; i++) {
            int block = i >> 2;
            int half = i >> 1 & 1;
            int part = i & 1;
            long from = at + 12L * COUNT * i;
            int p = xFrom + block * PAIRS + part * PAIRS / 2;
            int sums = pairSums[sumsFrom + 2 * block + part];
            int start = -centre * (short) sums & 0xffff | -centre * (sums >> 16) << 16;
            ShortVector a = IntVector.broadcast(INTS, start).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector high = ShortVector.fromMemorySegment(PAIRED, data, from, ORDER);
            ShortVector v0 = ShortVector.fromMemorySegment(PAIRED, data, from + 4L * COUNT, ORDER);
            ShortVector even0 =
                    v0.and((short) 0x0f0f).or(high.and((short) 0x0303).lanewise(LSHL, 4));
            ShortVector odd0 = v0.lanewise(LSHR, 4).and((short) 0x0f0f).or(high.and((short) 0x3030));
            a = a.add(even0.and((short) 255).mul(IntVector.broadcast(INTS, x[p]).reinterpretAsShorts()));
            b = b.add(odd0.and((short) 255)
                    .mul(IntVector.broadcast(INTS, x[p + 1]).reinterpretAsShorts()));
            a = a.add(even0.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[p + 2]).reinterpretAsShorts()));
            b = b.add(odd0.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[p + 3]).reinterpretAsShorts()));
            high = high.lanewise(LSHR, 2);
            ShortVector v1 = ShortVector.fromMemorySegment(PAIRED, data, from + 8L * COUNT, ORDER);
            ShortVector even1 =
                    v1.and((short) 0x0f0f).or(high.and((short) 0x0303).lanewise(LSHL, 4));
            ShortVector odd1 = v1.lanewise(LSHR, 4).and((short) 0x0f0f).or(high.and((short) 0x3030));
            a = a.add(even1.and((short) 255)
                    .mul(IntVector.broadcast(INTS, x[p + 4]).reinterpretAsShorts()));
            b = b.add(odd1.and((short) 255)
                    .mul(IntVector.broadcast(INTS, x[p + 5]).reinterpretAsShorts()));
            a = a.add(even1.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[p + 6]).reinterpretAsShorts()));
            b = b.add(odd1.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[p + 7]).reinterpretAsShorts()));
            a.add(b).intoArray(dots, (part * RUN + block) * WIDTH + half * 2 * COUNT);
        }
    }

    /**
     * Adds the terms of a run of blocks for one position to their lanes' sums.
     *
     * @param dots [blocks][WIDTH]
     * @param scales [blocks][GROUP]
     * @param xs [blocks] from {@code xsFrom} on
     * @param lanes [blocks][GROUP] from {@code lanesFrom} on
     */
    static void runTerms(
            int blocks, short[] dots, float[] scales, float[] xs, int xsFrom, float[] lanes, int lanesFrom) {
        for (int i = 0; i < blocks * GROUP; i += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, i).mul(xs[xsFrom + i / GROUP]);
            FloatVector.fromArray(FLOATS, lanes, lanesFrom + i)
                    .add(sum(dots, 2 * i).mul(scale))
                    .intoArray(lanes, lanesFrom + i);
        }
    }

    /** The same for {@code (dot + centre * low) * (scale * activationScale) + low * (offset * activationScale)}. */
    static void runTermsWithOffset(
            int blocks,
            short[] dots,
            float centre,
            float[] scales,
            float[] offsets,
            float[] xs,
            int xsFrom,
            float[] lows,
            float[] lanes,
            int lanesFrom) {
        for (int i = 0; i < blocks * GROUP; i += COUNT) {
            int block = xsFrom + i / GROUP;
            float low = lows[2 * block] + lows[2 * block + 1];
            FloatVector x = FloatVector.broadcast(FLOATS, xs[block]);
            FloatVector term = sum(dots, 2 * i)
                    .add(centre * low)
                    .mul(FloatVector.fromArray(FLOATS, scales, i).mul(x))
                    .add(FloatVector.fromArray(FLOATS, offsets, i).mul(x).mul(low));
            FloatVector.fromArray(FLOATS, lanes, lanesFrom + i).add(term).intoArray(lanes, lanesFrom + i);
        }
    }

    /** The same for dot products in halves with a factor each: [2][RUN][WIDTH] and [blocks][2][GROUP]. */
    static void runTermsOfHalves(
            int blocks,
            short[] dots,
            float[] factors,
            float[] scales,
            float[] xs,
            int xsFrom,
            float[] lanes,
            int lanesFrom) {
        for (int i = 0; i < blocks * GROUP; i += COUNT) {
            int block = i / GROUP;
            int factor = i + block * GROUP;
            FloatVector dot = sum(dots, 2 * i)
                    .mul(FloatVector.fromArray(FLOATS, factors, factor))
                    .add(sum(dots, 2 * i + RUN * WIDTH).mul(FloatVector.fromArray(FLOATS, factors, factor + GROUP)));
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, i).mul(xs[xsFrom + block]);
            FloatVector.fromArray(FLOATS, lanes, lanesFrom + i)
                    .add(dot.mul(scale))
                    .intoArray(lanes, lanesFrom + i);
        }
    }

    /** Minus the centre times a block's sums of even and of odd activations, in 16 bits each. */
    private static int centred(int[] pairSums, int at, int centre) {
        int first = pairSums[at];
        int second = pairSums[at + 1];
        return -centre * ((short) first + (short) second) & 0xffff | -centre * ((first >> 16) + (second >> 16)) << 16;
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
    static void addTerms(
            int positions, short[] dots, float[] scales, float[] xs, int xsFrom, float[] sums, int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            for (int p = 0; p < positions; p++) {
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
            int positions,
            short[] dots,
            float centre,
            float[] scales,
            float[] offsets,
            float[] xs,
            int xsFrom,
            float[] lows,
            int lowsFrom,
            int lowsStride,
            float[] sums,
            int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector offset = FloatVector.fromArray(FLOATS, offsets, half);
            for (int p = 0; p < positions; p++) {
                float low = lows[lowsFrom + p] + lows[lowsFrom + lowsStride + p];
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
            int positions,
            short[] dots,
            float[] factors,
            float[] scales,
            float[] xs,
            int xsFrom,
            float[] sums,
            int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector factor0 = FloatVector.fromArray(FLOATS, factors, half);
            FloatVector factor1 = FloatVector.fromArray(FLOATS, factors, GROUP + half);
            for (int p = 0; p < positions; p++) {
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
            int positions,
            short[] dots,
            float[] factors,
            float[] scales,
            float[] offsets,
            float[] xs,
            int xsFrom,
            float[] lows,
            int lowsFrom,
            int lowsStride,
            float[] sums,
            int sumsFrom) {
        for (int half = 0; half < GROUP; half += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scales, half);
            FloatVector offset = FloatVector.fromArray(FLOATS, offsets, half);
            FloatVector factor0 = FloatVector.fromArray(FLOATS, factors, half);
            FloatVector factor1 = FloatVector.fromArray(FLOATS, factors, GROUP + half);
            FloatVector low0 = FloatVector.fromArray(FLOATS, factors, 2 * GROUP + half);
            FloatVector low1 = FloatVector.fromArray(FLOATS, factors, 3 * GROUP + half);
            for (int p = 0; p < positions; p++) {
                FloatVector dot = sum(dots, p * WIDTH + 2 * half)
                        .mul(factor0)
                        .add(sum(dots, (Activations.TILE + p) * WIDTH + 2 * half)
                                .mul(factor1));
                FloatVector low = low0.mul(lows[lowsFrom + p]).add(low1.mul(lows[lowsFrom + lowsStride + p]));
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
