package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.GROUP;

import io.infergrid.compute.gguf.GgufTensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/** A matrix of blocks of 32 weights with a scale, which is multiplied with quantised activations. */
abstract sealed class QuantisedMatrix extends PackedMatrix permits ByteMatrix, PairMatrix {

    static final int BLOCK = 32;

    /**
     * From this number of positions on, unpacking a block once for all of them is worth it; below, each goes straight from the packed words, which
     * the first of them brought into the cache.
     */
    static final int TILED_FROM = 16;

    final int blocks;

    QuantisedMatrix(GgufTensor tensor, long groupBytes, Arena arena) {
        super(Math.toIntExact(tensor.rows()), Math.toIntExact(tensor.columns()), groupBytes, arena);
        blocks = columns / BLOCK;
    }

    /** The sums of each of IG1's 32 lanes for one position, to {@code scratch.lanes}: [lanes][GROUP]. */
    abstract void lanes(Activations x, int position, int group, Scratch scratch);

    /** Unpacks one block of a group to {@code scratch}. */
    abstract void unpack(int group, int block, Scratch scratch);

    /**
     * Adds the unpacked block's terms for the positions of a tile to {@code sums[sumsFrom ...]}: [TILE][GROUP].
     *
     * @param at index in {@code x.scales} of the block's tile
     */
    abstract void addTile(Activations x, int at, Scratch scratch, float[] sums, int sumsFrom);

    @Override
    final void times(Activations x, float[] out, int from, int to, Scratch scratch) {
        for (int group = from; group < to; group++) {
            if (x.tiled()) {
                tiled(x, out, group, scratch);
            } else {
                // the group is read from memory for the first position and from the cache for the others
                for (int position = 0; position < x.positions; position++) {
                    lanes(x, position, group, scratch);
                    sumLanes(scratch.lanes, Math.min(32, blocks), out, position * stride() + group * GROUP);
                }
            }
        }
    }

    /** IG1's tree over the lanes, for all rows of the group at once; lanes without a block are +0 and change nothing. */
    static void sumLanes(float[] sums, int lanes, float[] out, int outFrom) {
        for (int h = 16; h > 0; h /= 2) {
            for (int t = 0; t < h && t + h < lanes; t++) {
                for (int row = 0; row < GROUP; row += COUNT) {
                    int at = t * GROUP + row;
                    Lanes.load(sums, at).add(Lanes.load(sums, at + h * GROUP)).intoArray(sums, at);
                }
            }
        }
        System.arraycopy(sums, 0, out, outFrom, GROUP);
    }

    /**
     * The order in which {@link #tiled} takes the blocks of a row: IG1's lanes bit-reversed, so that the tree's first additions
     * join neighbours and a stack of a few partial sums is enough.
     */
    static int[] visitingOrder(int blocks) {
        int levels = levels(blocks);
        var order = new int[blocks];
        int visit = 0;
        for (int i = 0; i < 1 << levels; i++) {
            for (int block = lane(i, levels); block < blocks; block += 32) {
                order[visit++] = block;
            }
        }
        return order;
    }

    /** Levels of the tree over the lanes that have blocks. */
    private static int levels(int blocks) {
        return blocks >= 32 ? 5 : 32 - Integer.numberOfLeadingZeros(blocks - 1);
    }

    private static int lane(int i, int levels) {
        return levels == 0 ? 0 : Integer.reverse(i) >>> (32 - levels);
    }

    /** All positions at once. */
    private void tiled(Activations x, float[] out, int group, Scratch scratch) {
        int levels = levels(blocks);
        int lanes = 1 << levels;
        int width = x.tiles() * Activations.TILE * GROUP;
        float[] tree = scratch.tree;
        int depth = 0;
        int visit = 0;
        for (int i = 0; i < lanes; i++) {
            int sums = depth * width;
            Arrays.fill(tree, sums, sums + width, 0f);
            for (int block = lane(i, levels); block < blocks; block += 32) {
                unpack(group, block, scratch);
                for (int tile = 0; tile < x.tiles(); tile++) {
                    int at = (visit * x.tiles() + tile) * Activations.TILE;
                    addTile(x, at, scratch, tree, sums + tile * Activations.TILE * GROUP);
                }
                visit++;
            }
            depth++;
            for (int joined = i; (joined & 1) == 1; joined >>= 1) {
                depth--;
                VectorIg1.add(tree, (depth - 1) * width, tree, depth * width, width);
            }
        }
        for (int position = 0; position < x.positions; position++) {
            System.arraycopy(tree, position * GROUP, out, position * stride() + group * GROUP, GROUP);
        }
    }
}
