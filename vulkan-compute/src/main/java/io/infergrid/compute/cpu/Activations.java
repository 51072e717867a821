package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.PairLayout.PAIRS;
import static jdk.incubator.vector.VectorOperators.F2I;
import static jdk.incubator.vector.VectorOperators.L2I;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.infergrid.compute.arithmetic.Ig1;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;

/**
 * What a matrix is multiplied with: some positions' vectors, as they are and quantised in the layout of the kernel that the
 * number of positions asks for. If tiled, blocks are in the order in which they are visited, so that they are read in a row.
 * Memory is taken when it is first wanted, and reused: a stage that only decodes needs little.
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

    /** Integers in floats: [positions][columns], or if tiled [blocks][tiles][32][TILE]. */
    float[] values = {};

    /** Integers in pairs, the even column in the lower half: [positions][columns / 2], or if tiled [blocks][tiles][16][TILE]. */
    int[] pairs = {};

    /** [positions][columns / 32], or if tiled [blocks][tiles][TILE]. */
    float[] scales = {};

    /**
     * Beside pairs, the sums of the first and of the last 16 integers of each block: [positions][columns / 32][2], or if tiled
     * [blocks][tiles][2][TILE].
     */
    float[] lows = {};

    /** If not tiled, what words of so many bits a weight are multiplied with: [positions][columns / 32][{@link WordWeights}]. */
    private final int[][] words = new int[7][0];

    /** Which of them the readers want. */
    private final boolean[] wantsWords = new boolean[7];

    private final float[][] blocks;
    private final int[][] blockPairs;
    /** When each block is visited. */
    private int[] visits = {};

    private boolean wantsFloats;
    private boolean wantsPairs;

    Activations(int workers) {
        blocks = new float[workers][BLOCK];
        // room for the last vector's unused half
        blockPairs = new int[workers][PairLayout.PAIRS + COUNT];
    }

    boolean tiled() {
        return positions >= QuantisedMatrix.TILED_FROM;
    }

    int tiles() {
        return (positions + TILE - 1) / TILE;
    }

    /**
     * Takes {@code positions} vectors {@code source[position * stride .. + columns)}; quantises nothing yet.
     *
     * @param readers what they will be multiplied with
     */
    void set(float[] source, int stride, int positions, int columns, PackedMatrix... readers) {
        wantsFloats = false;
        wantsPairs = false;
        Arrays.fill(wantsWords, false);
        for (PackedMatrix reader : readers) {
            wantsFloats |= reader.form() == PackedMatrix.Form.FLOATS;
            wantsPairs |= reader.form() == PackedMatrix.Form.PAIRS;
            wantsWords[reader.wordBits()] |= reader.wordBits() > 0;
        }
        this.source = source;
        this.stride = stride;
        this.positions = positions;
        this.columns = columns;
        if (tiled() && visits.length != columns / BLOCK) {
            int[] order = QuantisedMatrix.visitingOrder(columns / BLOCK);
            visits = new int[order.length];
            for (int visit = 0; visit < order.length; visit++) {
                visits[order[visit]] = visit;
            }
        }
        takeRoom();
        if (tiled() && positions < tiles() * TILE) {
            clearLastTiles();
        }
    }

    private void takeRoom() {
        int padded = tiled() ? tiles() * TILE : positions;
        int numbers = padded * columns;
        scales = atLeast(scales, numbers / BLOCK);
        if (wantsFloats) {
            values = atLeast(values, numbers);
        }
        if (wantsPairs) {
            lows = atLeast(lows, numbers / BLOCK * 2);
            if (pairs.length < numbers / 2) {
                pairs = new int[numbers / 2];
            }
        }
        for (int bits = 2; bits < words.length && !tiled(); bits++) {
            int some = wantsWords[bits] ? numbers / BLOCK * WordWeights.of(bits).perBlock() : 0;
            if (words[bits].length < some) {
                words[bits] = new int[some];
            }
        }
    }

    private static float[] atLeast(float[] room, int size) {
        return room.length < size ? new float[size] : room;
    }

    /** What stands beside the last positions of tiles that are not full. */
    private void clearLastTiles() {
        for (int block = 0; block < columns / BLOCK; block++) {
            int last = (block + 1) * tiles() - 1;
            Arrays.fill(scales, last * TILE, (last + 1) * TILE, 0f);
            if (wantsFloats) {
                Arrays.fill(values, last * BLOCK * TILE, (last + 1) * BLOCK * TILE, 0f);
            }
            if (wantsPairs) {
                Arrays.fill(pairs, last * PAIRS * TILE, (last + 1) * PAIRS * TILE, 0);
                Arrays.fill(lows, last * 2 * TILE, (last + 1) * 2 * TILE, 0f);
            }
        }
    }

    /** What words of so many bits a weight are multiplied with; for a reader that said so. */
    int[] words(int bits) {
        return words[bits];
    }

    /** Whether any reader wants the vectors quantised. */
    boolean quantised() {
        return wantsFloats || wantsPairs;
    }

    /** Quantises one position's vector. Positions are independent and may be quantised by several threads. */
    void quantise(int position, int worker) {
        float[] integers = blocks[worker];
        for (int block = 0; block < columns / BLOCK; block++) {
            float scale = quantiseBlock(source, position * stride + block * BLOCK, integers);
            if (tiled()) {
                storeInTile(position, block, scale, integers, blockPairs[worker]);
            } else {
                storeInOrder(position, block, scale, integers, blockPairs[worker]);
            }
        }
    }

    private void storeInOrder(int position, int block, float scale, float[] integers, int[] paired) {
        int at = position * (columns / BLOCK) + block;
        scales[at] = scale;
        if (wantsFloats) {
            System.arraycopy(integers, 0, values, at * BLOCK, BLOCK);
        }
        if (wantsPairs) {
            pair(integers, paired);
            System.arraycopy(paired, 0, pairs, at * PAIRS, PAIRS);
            for (int half = 0; half < 2; half++) {
                int sum = 0;
                for (int p = half * PAIRS / 2; p < (half + 1) * PAIRS / 2; p++) {
                    sum += (short) paired[p] + (paired[p] >> 16);
                }
                lows[2 * at + half] = sum;
            }
            for (int bits = 2; bits <= 6; bits++) {
                if (wantsWords[bits]) {
                    WordWeights weights = WordWeights.of(bits);
                    weights.compute(paired, words[bits], at * weights.perBlock());
                }
            }
        }
    }

    private void storeInTile(int position, int block, float scale, float[] integers, int[] paired) {
        int lane = position % TILE;
        int at = visits[block] * tiles() + position / TILE;
        scales[at * TILE + lane] = scale;
        if (wantsFloats) {
            int to = at * BLOCK * TILE + lane;
            for (int i = 0; i < BLOCK; i++) {
                values[to + i * TILE] = integers[i];
            }
        }
        if (wantsPairs) {
            pair(integers, paired);
            int to = at * PAIRS * TILE + lane;
            for (int half = 0; half < 2; half++) {
                int sum = 0;
                for (int p = half * PAIRS / 2; p < (half + 1) * PAIRS / 2; p++) {
                    pairs[to + p * TILE] = paired[p];
                    sum += (short) paired[p] + (paired[p] >> 16);
                }
                lows[(2 * at + half) * TILE + lane] = sum;
            }
        }
    }

    /** Neighbours' integers as 16 bits each in one int: {@code paired[p] = integers[2p], integers[2p + 1]}. */
    private static void pair(float[] integers, int[] paired) {
        for (int i = 0; i < BLOCK; i += COUNT) {
            LongVector two =
                    ((IntVector) Lanes.load(integers, i).convertShape(F2I, Lanes.INTS, 0)).reinterpretAsLongs();
            LongVector both = two.and(0xffffL).or(two.lanewise(LSHR, 16).and(0xffff0000L));
            ((IntVector) both.convertShape(L2I, Lanes.INTS, 0)).intoArray(paired, i / 2);
        }
    }

    private static float quantiseBlock(float[] x, int from, float[] integers) {
        FloatVector most = Lanes.zero();
        for (int i = 0; i < BLOCK; i += COUNT) {
            most = most.max(Lanes.load(x, from + i).abs());
        }
        float largest = most.reduceLanes(MAX);
        if (largest < Ig1.QUANTISE_FLOOR) {
            Arrays.fill(integers, 0f);
            return 0f;
        }
        float inverse = 127f * Ig1.recip(largest);
        for (int i = 0; i < BLOCK; i += COUNT) {
            FloatVector rounded =
                    Lanes.load(x, from + i).mul(inverse).add(ROUND).sub(ROUND);
            rounded.min(127f).max(-127f).intoArray(integers, i);
        }
        return largest * ONE_OVER_LIMIT;
    }
}
