package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.BYTES;
import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.ORDER;
import static io.infergrid.compute.cpu.Lanes.SHORTS;
import static jdk.incubator.vector.VectorOperators.B2F;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * The inner loops. Two vectors of rows at a time; weights and activations are integers in floats, so a fused multiply-add
 * rounds nothing and may run in any order, and two chains of it hide its latency.
 *
 * <p>Loops are short on purpose, and helper methods few: the compiler gives up inlining in larger bodies, and a Vector API
 * call that is not inlined allocates. Longer, hand-unrolled bodies measured at half the speed.
 */
final class BlockKernels {

    private BlockKernels() {}

    /**
     * A group of Q8_0 rows times one position.
     *
     * @param values [blocks * 32] integers
     * @param scales [blocks]
     * @param sums receives [min(32, blocks) lanes][GROUP]
     */
    static void rowsQ8(
            MemorySegment group,
            long from,
            int blocks,
            float[] values,
            int valuesFrom,
            float[] scales,
            int scalesFrom,
            float[] sums) {
        long at = from;
        int lanes = Math.min(32, blocks);
        for (int lane = 0; lane < lanes; lane++) {
            FloatVector sum0 = FloatVector.zero(FLOATS);
            FloatVector sum1 = sum0;
            for (int block = lane; block < blocks; block += 32) {
                FloatVector even0 = FloatVector.zero(FLOATS);
                FloatVector even1 = even0;
                FloatVector odd0 = even0;
                FloatVector odd1 = even0;
                int x = valuesFrom + block * 32;
                for (int column = 0; column < 32; column += 2) {
                    FloatVector x0 = FloatVector.broadcast(FLOATS, values[x + column]);
                    FloatVector x1 = FloatVector.broadcast(FLOATS, values[x + column + 1]);
                    long w = at + (long) column * GROUP;
                    even0 = ((FloatVector) ByteVector.fromMemorySegment(BYTES, group, w, ORDER)
                                    .convertShape(B2F, FLOATS, 0))
                            .fma(x0, even0);
                    even1 = ((FloatVector) ByteVector.fromMemorySegment(BYTES, group, w + COUNT, ORDER)
                                    .convertShape(B2F, FLOATS, 0))
                            .fma(x0, even1);
                    odd0 = ((FloatVector) ByteVector.fromMemorySegment(BYTES, group, w + GROUP, ORDER)
                                    .convertShape(B2F, FLOATS, 0))
                            .fma(x1, odd0);
                    odd1 = ((FloatVector) ByteVector.fromMemorySegment(BYTES, group, w + GROUP + COUNT, ORDER)
                                    .convertShape(B2F, FLOATS, 0))
                            .fma(x1, odd1);
                }
                long halves = at + 32L * GROUP;
                FloatVector scale0 = Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, group, halves, ORDER));
                FloatVector scale1 =
                        Lanes.fromHalf(ShortVector.fromMemorySegment(SHORTS, group, halves + 2L * COUNT, ORDER));
                float scale = scales[scalesFrom + block];
                sum0 = sum0.add(even0.add(odd0).mul(scale0.mul(scale)));
                sum1 = sum1.add(even1.add(odd1).mul(scale1.mul(scale)));
                at += (32L + 2) * GROUP;
            }
            sum0.intoArray(sums, lane * GROUP);
            sum1.intoArray(sums, lane * GROUP + COUNT);
        }
    }

    /** One Q8_0 block of a group as floats: [32 columns][GROUP]. */
    static void unpackQ8(MemorySegment group, long at, float[] weights) {
        for (int i = 0; i < 32 * GROUP; i += COUNT) {
            ((FloatVector) ByteVector.fromMemorySegment(BYTES, group, at + i, ORDER)
                            .convertShape(B2F, FLOATS, 0))
                    .intoArray(weights, i);
        }
    }

    /**
     * One block's dot products for a tile of {@link Activations#TILE} positions: sixteen accumulators, which is what the
     * registers of AVX-512 hold and hides the latency of multiply-add.
     *
     * @param w [32][GROUP] integers
     * @param x [32][TILE] integers from {@code xFrom} on
     * @param dots receives [TILE][GROUP]
     */
    static void tile(float[] w, float[] x, int xFrom, float[] dots) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector a4 = a0;
        FloatVector b4 = a0;
        FloatVector a5 = a0;
        FloatVector b5 = a0;
        FloatVector a6 = a0;
        FloatVector b6 = a0;
        FloatVector a7 = a0;
        FloatVector b7 = a0;
        int i = xFrom;
        for (int column = 0; column < 32 * GROUP; column += GROUP) {
            FloatVector w0 = FloatVector.fromArray(FLOATS, w, column);
            FloatVector w1 = FloatVector.fromArray(FLOATS, w, column + COUNT);
            FloatVector v = FloatVector.broadcast(FLOATS, x[i]);
            a0 = w0.fma(v, a0);
            b0 = w1.fma(v, b0);
            v = FloatVector.broadcast(FLOATS, x[i + 1]);
            a1 = w0.fma(v, a1);
            b1 = w1.fma(v, b1);
            v = FloatVector.broadcast(FLOATS, x[i + 2]);
            a2 = w0.fma(v, a2);
            b2 = w1.fma(v, b2);
            v = FloatVector.broadcast(FLOATS, x[i + 3]);
            a3 = w0.fma(v, a3);
            b3 = w1.fma(v, b3);
            v = FloatVector.broadcast(FLOATS, x[i + 4]);
            a4 = w0.fma(v, a4);
            b4 = w1.fma(v, b4);
            v = FloatVector.broadcast(FLOATS, x[i + 5]);
            a5 = w0.fma(v, a5);
            b5 = w1.fma(v, b5);
            v = FloatVector.broadcast(FLOATS, x[i + 6]);
            a6 = w0.fma(v, a6);
            b6 = w1.fma(v, b6);
            v = FloatVector.broadcast(FLOATS, x[i + 7]);
            a7 = w0.fma(v, a7);
            b7 = w1.fma(v, b7);
            i += 8;
        }
        a0.intoArray(dots, 0);
        b0.intoArray(dots, COUNT);
        a1.intoArray(dots, 2 * COUNT);
        b1.intoArray(dots, 3 * COUNT);
        a2.intoArray(dots, 4 * COUNT);
        b2.intoArray(dots, 5 * COUNT);
        a3.intoArray(dots, 6 * COUNT);
        b3.intoArray(dots, 7 * COUNT);
        a4.intoArray(dots, 8 * COUNT);
        b4.intoArray(dots, 9 * COUNT);
        a5.intoArray(dots, 10 * COUNT);
        b5.intoArray(dots, 11 * COUNT);
        a6.intoArray(dots, 12 * COUNT);
        b6.intoArray(dots, 13 * COUNT);
        a7.intoArray(dots, 14 * COUNT);
        b7.intoArray(dots, 15 * COUNT);
    }

    /**
     * Adds the terms {@code dot * (weightScale * activationScale)} of a tile to its sums.
     *
     * @param dots [TILE][GROUP]
     * @param ws [GROUP]
     * @param xs [TILE] from {@code xsFrom} on
     * @param sums [TILE][GROUP] from {@code sumsFrom} on
     */
    static void addTerms(float[] dots, float[] ws, float[] xs, int xsFrom, float[] sums, int sumsFrom) {
        FloatVector scale0 = FloatVector.fromArray(FLOATS, ws, 0);
        FloatVector scale1 = FloatVector.fromArray(FLOATS, ws, COUNT);
        for (int position = 0; position < Activations.TILE; position++) {
            float scale = xs[xsFrom + position];
            int dot = position * GROUP;
            int at = sumsFrom + dot;
            FloatVector.fromArray(FLOATS, sums, at)
                    .add(FloatVector.fromArray(FLOATS, dots, dot).mul(scale0.mul(scale)))
                    .intoArray(sums, at);
            FloatVector.fromArray(FLOATS, sums, at + COUNT)
                    .add(FloatVector.fromArray(FLOATS, dots, dot + COUNT).mul(scale1.mul(scale)))
                    .intoArray(sums, at + COUNT);
        }
    }
}
