package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.BYTES;
import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.INTS;
import static io.infergrid.compute.cpu.Lanes.ORDER;
import static io.infergrid.compute.cpu.Lanes.PAIRED;
import static io.infergrid.compute.cpu.Lanes.SHORTS;
import static io.infergrid.compute.cpu.PairLayout.PAIRS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Decoding: a strip of {@link Lanes#COUNT} rows of a {@link PairMatrix} times one position. Each kernel is one loop over all
 * blocks of the rows, from the packed words to IG1's sums: what is between two cache lines of weights decides how many of them the
 * processor has under way, and a loop of its own for the scales, which reads few weights, halved the speed.
 *
 * <p>Words are multiplied as they are; see {@link WordWeights}. The bodies are written out because C2 does not unroll loops of this
 * size, and without methods of their own because it stops inlining them (not those of the Vector API) in a body this
 * large ({@code NodeCountInliningCutoff}), and each that is not inlined allocates its result. Methods that are called come first.
 */
final class RowKernels {

    /** Bytes of a word for the even and the odd columns of a strip's rows. */
    private static final int WORD = 4 * COUNT;

    private RowKernels() {}

    /**
     * Rows with a scale for each block: Q4_0.
     *
     * @param from where the strip begins
     * @param x the position's {@link WordWeights}, from {@code xFrom} on
     * @param xs scales of its blocks, from {@code xsFrom} on
     * @param lanes sums to add to, [32][GROUP] from {@code lanesFrom} on
     */
    static void fours(
            MemorySegment data,
            long from,
            int blocks,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            FloatVector scale = Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                    .mul(xs[xsFrom + block]);
            at += 2L * COUNT;
            int i = xFrom + block * 17;
            ShortVector a = IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 3L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            at += 4L * WORD;
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(dot.mul(scale)).intoArray(lanes, lane);
        }
    }

    /**
     * Rows with a scale and an offset for each block, or for eight of them with factors for each: Q4_1, Q4_K.
     *
     * @param superBlocks 1 or 8
     * @param factored whether blocks have factors
     * @param lows sums of the activations of the halves of each block
     * @param supers room for [2][COUNT] numbers
     */
    static void foursWithOffset(
            MemorySegment data,
            long from,
            int blocks,
            int superBlocks,
            boolean factored,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] lows,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if ((block & superBlocks - 1) == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at + 2L * COUNT, ORDER))
                        .intoArray(supers, COUNT);
                at += 4L * COUNT;
            }
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0);
            FloatVector offset = FloatVector.fromArray(FLOATS, supers, COUNT);
            if (factored) {
                scale = scale.mul(
                        ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0));
                offset = offset.mul(ByteVector.fromMemorySegment(BYTES, data, at + COUNT, ORDER)
                                .convertShape(B2F, FLOATS, 0))
                        .neg();
                at += 2L * COUNT;
            }
            int i = xFrom + block * 17;
            ShortVector a = IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 3L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            at += 4L * WORD;
            float low = lows[2 * (xsFrom + block)] + lows[2 * (xsFrom + block) + 1];
            float xScale = xs[xsFrom + block];
            FloatVector term = dot.add(8 * low)
                    .mul(scale.mul(xScale))
                    .add(offset.mul(xScale).mul(low));
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(term).intoArray(lanes, lane);
        }
    }

    /** Like {@link #fours}: Q5_0. */
    static void fives(
            MemorySegment data,
            long from,
            int blocks,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            FloatVector scale = Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                    .mul(xs[xsFrom + block]);
            at += 2L * COUNT;
            int i = xFrom + block * 21;
            ShortVector a = IntVector.broadcast(INTS, x[i + 20]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 10).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 15).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 10).mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 15).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 3L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 17]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 18]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 19]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot = (FloatVector) sums.lanewise(ASHR, 16)
                    .add(sums.lanewise(LSHL, 16).lanewise(ASHR, 16))
                    .convertShape(I2F, FLOATS, 0);
            at += 5L * WORD;
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(dot.mul(scale)).intoArray(lanes, lane);
        }
    }

    /** Like {@link #foursWithOffset}: Q5_1, Q5_K. */
    static void fivesWithOffset(
            MemorySegment data,
            long from,
            int blocks,
            int superBlocks,
            boolean factored,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] lows,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if ((block & superBlocks - 1) == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at + 2L * COUNT, ORDER))
                        .intoArray(supers, COUNT);
                at += 4L * COUNT;
            }
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0);
            FloatVector offset = FloatVector.fromArray(FLOATS, supers, COUNT);
            if (factored) {
                scale = scale.mul(
                        ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0));
                offset = offset.mul(ByteVector.fromMemorySegment(BYTES, data, at + COUNT, ORDER)
                                .convertShape(B2F, FLOATS, 0))
                        .neg();
                at += 2L * COUNT;
            }
            int i = xFrom + block * 21;
            ShortVector a = IntVector.broadcast(INTS, x[i + 20]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 10).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 15).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 10).mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 15).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 3L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 5).mul(IntVector.broadcast(INTS, x[i + 17]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 18]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 19]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot = (FloatVector) sums.lanewise(ASHR, 16)
                    .add(sums.lanewise(LSHL, 16).lanewise(ASHR, 16))
                    .convertShape(I2F, FLOATS, 0);
            at += 5L * WORD;
            float low = lows[2 * (xsFrom + block)] + lows[2 * (xsFrom + block) + 1];
            float xScale = xs[xsFrom + block];
            FloatVector term = dot.add(16 * low)
                    .mul(scale.mul(xScale))
                    .add(offset.mul(xScale).mul(low));
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(term).intoArray(lanes, lane);
        }
    }

    /** Rows with a scale for eight blocks and a factor for each half of a block: Q6_K. */
    static void sixes(
            MemorySegment data,
            long from,
            int blocks,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if (block % 8 == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                at += 2L * COUNT;
            }
            int i = xFrom + block * 22;
            var factor0 = (FloatVector)
                    ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0);
            var factor1 = (FloatVector)
                    ByteVector.fromMemorySegment(BYTES, data, at + COUNT, ORDER).convertShape(B2F, FLOATS, 0);
            at += 2L * COUNT;
            ShortVector a = IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 14).mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot0 = (FloatVector) sums.lanewise(ASHR, 16)
                    .add(sums.lanewise(LSHL, 16).lanewise(ASHR, 16))
                    .convertShape(I2F, FLOATS, 0);
            a = IntVector.broadcast(INTS, x[i + 21]).reinterpretAsShorts();
            b = ShortVector.zero(PAIRED);
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 3L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 4L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts()));
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 5L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 17]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 18]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 19]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 14)
                    .mul(IntVector.broadcast(INTS, x[i + 20]).reinterpretAsShorts()));
            sums = a.add(b).reinterpretAsInts();
            FloatVector dot1 = (FloatVector) sums.lanewise(ASHR, 16)
                    .add(sums.lanewise(LSHL, 16).lanewise(ASHR, 16))
                    .convertShape(I2F, FLOATS, 0);
            at += 6L * WORD;
            float xScale = xs[xsFrom + block];
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0).mul(xScale);
            FloatVector term = dot0.mul(factor0).add(dot1.mul(factor1)).mul(scale);
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(term).intoArray(lanes, lane);
        }
    }

    /** The same with three bits: Q3_K. */
    static void threes(
            MemorySegment data,
            long from,
            int blocks,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if (block % 8 == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                at += 2L * COUNT;
            }
            int i = xFrom + block * 21;
            var factor0 = (FloatVector)
                    ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0);
            var factor1 = (FloatVector)
                    ByteVector.fromMemorySegment(BYTES, data, at + COUNT, ORDER).convertShape(B2F, FLOATS, 0);
            at += 2L * COUNT;
            ShortVector a = IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            ShortVector shared = ShortVector.fromMemorySegment(PAIRED, data, at + 2L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 3).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 9).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 15).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(shared.mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(shared.lanewise(LSHR, 3)
                    .mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            a = a.add(shared.lanewise(LSHR, 6)
                    .mul(IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts()));
            b = b.add(shared.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot0 = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            a = IntVector.broadcast(INTS, x[i + 20]).reinterpretAsShorts();
            b = ShortVector.zero(PAIRED);
            v = ShortVector.fromMemorySegment(PAIRED, data, at + WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 3).mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 9).mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 15)
                    .mul(IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts()));
            a = a.add(shared.lanewise(LSHR, 8)
                    .mul(IntVector.broadcast(INTS, x[i + 17]).reinterpretAsShorts()));
            b = b.add(shared.lanewise(LSHR, 11)
                    .mul(IntVector.broadcast(INTS, x[i + 18]).reinterpretAsShorts()));
            a = a.add(shared.lanewise(LSHR, 14)
                    .mul(IntVector.broadcast(INTS, x[i + 19]).reinterpretAsShorts()));
            sums = a.add(b).reinterpretAsInts();
            FloatVector dot1 = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            at += 3L * WORD;
            float xScale = xs[xsFrom + block];
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0).mul(xScale);
            FloatVector term = dot0.mul(factor0).add(dot1.mul(factor1)).mul(scale);
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(term).intoArray(lanes, lane);
        }
    }

    /** Rows with a scale and an offset for eight blocks and factors of both for each half of a block: Q2_K. */
    static void twos(
            MemorySegment data,
            long from,
            int blocks,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] lows,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if (block % 8 == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at + 2L * COUNT, ORDER))
                        .intoArray(supers, COUNT);
                at += 4L * COUNT;
            }
            int i = xFrom + block * 18;
            IntVector factor0 = (IntVector)
                    ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2I, INTS, 0);
            IntVector factor1 = (IntVector)
                    ByteVector.fromMemorySegment(BYTES, data, at + COUNT, ORDER).convertShape(B2I, INTS, 0);
            at += 2L * COUNT;
            ShortVector a = IntVector.broadcast(INTS, x[i + 8]).reinterpretAsShorts();
            ShortVector b = ShortVector.zero(PAIRED);
            ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 2).mul(IntVector.broadcast(INTS, x[i + 1]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 2]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 3]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 4]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 10).mul(IntVector.broadcast(INTS, x[i + 5]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 12).mul(IntVector.broadcast(INTS, x[i + 6]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 14).mul(IntVector.broadcast(INTS, x[i + 7]).reinterpretAsShorts()));
            IntVector sums = a.add(b).reinterpretAsInts();
            FloatVector dot0 = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            a = IntVector.broadcast(INTS, x[i + 17]).reinterpretAsShorts();
            b = ShortVector.zero(PAIRED);
            v = ShortVector.fromMemorySegment(PAIRED, data, at + 1L * WORD, ORDER);
            a = a.add(v.mul(IntVector.broadcast(INTS, x[i + 9]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 2).mul(IntVector.broadcast(INTS, x[i + 10]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 4).mul(IntVector.broadcast(INTS, x[i + 11]).reinterpretAsShorts()));
            b = b.add(
                    v.lanewise(LSHR, 6).mul(IntVector.broadcast(INTS, x[i + 12]).reinterpretAsShorts()));
            a = a.add(
                    v.lanewise(LSHR, 8).mul(IntVector.broadcast(INTS, x[i + 13]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 10)
                    .mul(IntVector.broadcast(INTS, x[i + 14]).reinterpretAsShorts()));
            a = a.add(v.lanewise(LSHR, 12)
                    .mul(IntVector.broadcast(INTS, x[i + 15]).reinterpretAsShorts()));
            b = b.add(v.lanewise(LSHR, 14)
                    .mul(IntVector.broadcast(INTS, x[i + 16]).reinterpretAsShorts()));
            sums = a.add(b).reinterpretAsInts();
            FloatVector dot1 = (FloatVector)
                    sums.add(sums.lanewise(LSHL, 16)).lanewise(ASHR, 16).convertShape(I2F, FLOATS, 0);
            at += 2L * WORD;
            float xScale = xs[xsFrom + block];
            FloatVector dot = dot0.mul(factor0.and(15).convertShape(I2F, FLOATS, 0))
                    .add(dot1.mul(factor1.and(15).convertShape(I2F, FLOATS, 0)));
            var low0 = (FloatVector) factor0.lanewise(LSHR, 4).and(15).convertShape(I2F, FLOATS, 0);
            var low1 = (FloatVector) factor1.lanewise(LSHR, 4).and(15).convertShape(I2F, FLOATS, 0);
            FloatVector low = low0.mul(lows[2 * (xsFrom + block)]).add(low1.mul(lows[2 * (xsFrom + block) + 1]));
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0).mul(xScale);
            FloatVector offset =
                    FloatVector.fromArray(FLOATS, supers, COUNT).neg().mul(xScale);
            FloatVector term = dot.mul(scale).add(low.mul(offset));
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane).add(term).intoArray(lanes, lane);
        }
    }

    /**
     * Rows whose bits are indices of {@link PairLayout#NON_LINEAR}, in two parts: the table's values are looked up as
     * {@code 8 * high + low}, because sums of their products need more than 16 bits. IQ4_NL, IQ4_XS.
     *
     * @param factored whether eight blocks share a scale and each has a factor, instead of a scale for each
     * @param x pairs of activations as they are
     */
    static void indices(
            MemorySegment data,
            long from,
            int blocks,
            boolean factored,
            int[] x,
            int xFrom,
            float[] xs,
            int xsFrom,
            float[] supers,
            float[] lanes,
            int lanesFrom) {
        long at = from;
        for (int block = 0; block < blocks; block++) {
            if (!factored || block % 8 == 0) {
                Lanes.fromAnyHalf(ShortVector.fromMemorySegment(SHORTS, data, at, ORDER))
                        .intoArray(supers, 0);
                at += 2L * COUNT;
            }
            FloatVector scale = FloatVector.fromArray(FLOATS, supers, 0);
            if (factored) {
                scale = scale.mul(
                        ByteVector.fromMemorySegment(BYTES, data, at, ORDER).convertShape(B2F, FLOATS, 0));
                at += COUNT;
            }
            ShortVector high = ShortVector.zero(PAIRED);
            ShortVector low = high;
            int i = xFrom + block * PAIRS;
            for (int word = 0; word < 4; word++) {
                ShortVector v = ShortVector.fromMemorySegment(PAIRED, data, at, ORDER);
                at += WORD;
                for (int field = 0; field < 4; field++) {
                    ShortVector index = v.and((short) 15);
                    ShortVector pair = IntVector.broadcast(INTS, x[i + field]).reinterpretAsShorts();
                    high = high.add(PairKernels.high(index).mul(pair));
                    low = low.add(PairKernels.low(index).mul(pair));
                    v = v.lanewise(LSHR, 4);
                }
                i += 4;
            }
            IntVector highs = high.reinterpretAsInts();
            IntVector lows = low.reinterpretAsInts();
            IntVector dot = highs.lanewise(ASHR, 16)
                    .add(highs.lanewise(LSHL, 16).lanewise(ASHR, 16))
                    .lanewise(LSHL, 3)
                    .add(lows.lanewise(ASHR, 16))
                    .add(lows.lanewise(LSHL, 16).lanewise(ASHR, 16));
            int lane = lanesFrom + block % 32 * GROUP;
            FloatVector.fromArray(FLOATS, lanes, lane)
                    .add(((FloatVector) dot.convertShape(I2F, FLOATS, 0)).mul(scale.mul(xs[xsFrom + block])))
                    .intoArray(lanes, lane);
        }
    }
}
