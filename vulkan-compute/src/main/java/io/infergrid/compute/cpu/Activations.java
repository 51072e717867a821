package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.infergrid.compute.arithmetic.Ig1;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * What a matrix is multiplied with: some positions' vectors, as they are and quantised in the layout of the kernel that the
 * number of positions asks for. Memory is taken once and reused.
 */
final class Activations {

    /** Positions that are computed together at most; longer inputs come in several such batches. */
    static final int MOST_POSITIONS = 128;

    /** Positions that share the weights in registers. */
    static final int TILE = 8;

    private static final int BLOCK = 32;
    private static final float ONE_OVER_LIMIT = (float) (1.0 / 127);
    private static final float ROUND = 0x1.8p23f;

    int positions;
    int columns;

    /** As they are: [positions][stride]. */
    float[] source = {};

    int stride;

    /** Integers: [positions][columns], or if tiled [tiles][columns][TILE]. */
    final float[] values;

    /** [positions][columns / 32], or if tiled [tiles][columns / 32][TILE]. */
    final float[] scales;

    /** If not tiled, for Q4_0: [positions][columns / 32], -8 times the sum of each block's first 16 integers. */
    final float[] offsets;

    private final float[][] blocks;

    /** @param mostColumns room to take: the longest vector that will be quantised */
    Activations(int mostColumns, int workers) {
        int rounded = (mostColumns + BLOCK - 1) / BLOCK * BLOCK;
        values = new float[MOST_POSITIONS * rounded];
        scales = new float[MOST_POSITIONS * rounded / BLOCK];
        offsets = new float[QuantisedMatrix.TILED_FROM * rounded / BLOCK];
        blocks = new float[workers][BLOCK];
    }

    boolean tiled() {
        return positions >= QuantisedMatrix.TILED_FROM;
    }

    int tiles() {
        return (positions + TILE - 1) / TILE;
    }

    /** Takes {@code positions} vectors {@code source[position * stride .. + columns)}; quantises nothing yet. */
    void set(float[] source, int stride, int positions, int columns) {
        this.source = source;
        this.stride = stride;
        this.positions = positions;
        this.columns = columns;
        int padded = tiles() * TILE;
        if (tiled() && positions < padded) {
            int nb = columns / BLOCK;
            int last = tiles() - 1;
            Arrays.fill(values, last * columns * TILE, (last + 1) * columns * TILE, 0f);
            Arrays.fill(scales, last * nb * TILE, (last + 1) * nb * TILE, 0f);
        }
    }

    /** Quantises one position's vector. Positions are independent and may be quantised by several threads. */
    void quantise(int position, int worker) {
        for (int block = 0; block < columns / BLOCK; block++) {
            if (tiled()) {
                quantiseIntoTile(position, block, blocks[worker]);
            } else {
                quantiseInOrder(position, block);
            }
        }
    }

    private void quantiseInOrder(int position, int block) {
        int to = position * columns + block * BLOCK;
        int at = position * (columns / BLOCK) + block;
        scales[at] = quantiseBlock(source, position * stride + block * BLOCK, values, to);
        float sum = 0f;
        for (int i = 0; i < BLOCK / 2; i++) {
            sum += values[to + i];
        }
        offsets[at] = -8f * sum;
    }

    private void quantiseIntoTile(int position, int block, float[] integers) {
        int tile = position / TILE;
        int lane = position % TILE;
        scales[(tile * (columns / BLOCK) + block) * TILE + lane] =
                quantiseBlock(source, position * stride + block * BLOCK, integers, 0);
        int to = (tile * columns + block * BLOCK) * TILE + lane;
        for (int i = 0; i < BLOCK; i++) {
            values[to + i * TILE] = integers[i];
        }
    }

    private static float quantiseBlock(float[] x, int from, float[] integers, int to) {
        FloatVector most = Lanes.zero();
        for (int i = 0; i < BLOCK; i += COUNT) {
            most = most.max(Lanes.load(x, from + i).abs());
        }
        float largest = most.reduceLanes(MAX);
        if (largest < Ig1.QUANTISE_FLOOR) {
            Arrays.fill(integers, to, to + BLOCK, 0f);
            return 0f;
        }
        float inverse = 127f * Ig1.recip(largest);
        for (int i = 0; i < BLOCK; i += COUNT) {
            FloatVector rounded =
                    Lanes.load(x, from + i).mul(inverse).add(ROUND).sub(ROUND);
            rounded.min(127f).max(-127f).intoArray(integers, to + i);
        }
        return largest * ONE_OVER_LIMIT;
    }
}
