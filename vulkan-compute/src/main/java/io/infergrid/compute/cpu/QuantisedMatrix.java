package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.ORDER;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.gguf.GgufTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/**
 * A Q8_0 or Q4_0 matrix. A block of a group: the weights of its columns, [bytes of a row's block][rows], then the rows'
 * scales as halves. Q8_0 has a byte for each of the 32 columns. In Q4_0 byte i holds column i in its low half, as in the
 * file (the weight plus 8), and column i + 16 in its high half, as a signed number, which a shift of the byte then gives.
 */
final class QuantisedMatrix extends PackedMatrix {

    static final int Q8_0_BYTES = 32;
    static final int Q4_0_BYTES = 16;

    private static final int BLOCK = 32;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    /** From this number of positions on, unpacking a block once for all of them is worth it. */
    static final int TILED_FROM = 4;

    private final int blocks;
    private final int weightBytes;
    private final long blockBytes;
    /** Offset in a group of the first block of each of the 32 lanes; of the end behind the last that has blocks. */
    private final long[] laneStart = new long[33];

    QuantisedMatrix(GgufTensor tensor, int weightBytes, Arena arena) {
        super(
                Math.toIntExact(tensor.rows()),
                Math.toIntExact(tensor.columns()),
                tensor.columns() / BLOCK * (weightBytes + 2) * GROUP,
                arena);
        this.weightBytes = weightBytes;
        blocks = columns / BLOCK;
        blockBytes = (weightBytes + 2L) * GROUP;
        for (int lane = 0; lane < 32; lane++) {
            laneStart[lane + 1] = laneStart[lane] + blocksOf(lane) * blockBytes;
        }
    }

    private int blocksOf(int lane) {
        return lane < blocks ? (blocks - lane + 31) / 32 : 0;
    }

    private long offset(int group, int block) {
        return group * groupBytes + laneStart[block % 32] + block / 32 * blockBytes;
    }

    @Override
    boolean quantised() {
        return true;
    }

    @Override
    void pack(GgufTensor tensor, int from, int to) {
        int rowBytes = blocks * (2 + weightBytes);
        var source = new byte[GROUP * rowBytes];
        var packed = new byte[(int) blockBytes];
        for (int group = from; group < to; group++) {
            int present = rowsIn(group);
            if (present < GROUP) {
                Arrays.fill(source, (byte) 0);
                Arrays.fill(packed, (byte) 0);
            }
            long first = (long) group * GROUP;
            MemorySegment.copy(tensor.data(), ValueLayout.JAVA_BYTE, first * rowBytes, source, 0, present * rowBytes);
            for (int block = 0; block < blocks; block++) {
                for (int row = 0; row < present; row++) {
                    int at = row * rowBytes + block * (2 + weightBytes);
                    if (Ig1.isHalfNotFinite((short) ((source[at] & 0xff) | source[at + 1] << 8))) {
                        throw notFinite(tensor, first + row);
                    }
                    packBlock(source, at, packed, row);
                }
                MemorySegment.copy(packed, 0, data, ValueLayout.JAVA_BYTE, offset(group, block), packed.length);
            }
        }
    }

    private void packBlock(byte[] source, int at, byte[] packed, int row) {
        int flip = weightBytes == Q4_0_BYTES ? 0x80 : 0;
        for (int i = 0; i < weightBytes; i++) {
            packed[i * GROUP + row] = (byte) (source[at + 2 + i] ^ flip);
        }
        int scale = weightBytes * GROUP + 2 * row;
        packed[scale] = source[at];
        packed[scale + 1] = source[at + 1];
    }

    @Override
    float element(int row, int column) {
        long at = offset(row / GROUP, column / BLOCK);
        int lane = row % GROUP;
        int i = column % BLOCK;
        float scale = Ig1.fromHalf(data.get(HALF, at + (long) weightBytes * GROUP + 2L * lane));
        if (weightBytes == Q8_0_BYTES) {
            return scale * data.get(ValueLayout.JAVA_BYTE, at + (long) i * GROUP + lane);
        }
        int pair = data.get(ValueLayout.JAVA_BYTE, at + (long) (i % 16) * GROUP + lane);
        return scale * (i < 16 ? (pair & 15) - 8 : pair >> 4);
    }

    @Override
    void times(Activations x, float[] out, int from, int to, Scratch scratch) {
        for (int group = from; group < to; group++) {
            if (x.tiled()) {
                tiled(x, out, group, scratch);
            } else {
                rowByRow(x, out, group, scratch);
            }
        }
    }

    /** One position after the other: the group is read from memory for the first and from the cache for the others. */
    private void rowByRow(Activations x, float[] out, int group, Scratch scratch) {
        int lanes = Math.min(32, blocks);
        long at = group * groupBytes;
        for (int position = 0; position < x.positions; position++) {
            int values = position * columns;
            int scales = position * blocks;
            if (weightBytes == Q8_0_BYTES) {
                BlockKernels.rowsQ8(data, at, blocks, x.values, values, x.scales, scales, scratch.lanes);
            } else {
                BlockKernels.rowsQ4(data, at, blocks, x.values, values, x.scales, scales, x.offsets, scratch.lanes);
            }
            sumLanes(scratch.lanes, lanes, out, position * stride() + group * GROUP);
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
     * All positions at once. Lanes come in bit-reversed order, so that the tree's first additions join neighbours and a
     * stack of a few partial sums is enough.
     */
    private void tiled(Activations x, float[] out, int group, Scratch scratch) {
        int levels = blocks >= 32 ? 5 : 32 - Integer.numberOfLeadingZeros(blocks - 1);
        int lanes = 1 << levels;
        int width = x.tiles() * Activations.TILE * GROUP;
        float[] tree = scratch.tree;
        int depth = 0;
        for (int i = 0; i < lanes; i++) {
            int lane = levels == 0 ? 0 : Integer.reverse(i) >>> (32 - levels);
            int sums = depth * width;
            Arrays.fill(tree, sums, sums + width, 0f);
            long at = group * groupBytes + laneStart[lane];
            for (int block = lane; block < blocks; block += 32, at += blockBytes) {
                unpack(at, scratch);
                for (int tile = 0; tile < x.tiles(); tile++) {
                    int values = (tile * columns + block * BLOCK) * Activations.TILE;
                    int scales = (tile * blocks + block) * Activations.TILE;
                    BlockKernels.tile(scratch.weights, x.values, values, scratch.dots);
                    BlockKernels.addTerms(
                            scratch.dots,
                            scratch.scales,
                            x.scales,
                            scales,
                            tree,
                            sums + tile * Activations.TILE * GROUP);
                }
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

    private void unpack(long at, Scratch scratch) {
        if (weightBytes == Q8_0_BYTES) {
            BlockKernels.unpackQ8(data, at, scratch.weights);
        } else {
            BlockKernels.unpackQ4(data, at, scratch.weights);
        }
        long halves = at + (long) weightBytes * GROUP;
        for (int row = 0; row < GROUP; row += COUNT) {
            FloatVector scales =
                    Lanes.fromHalf(ShortVector.fromMemorySegment(Lanes.SHORTS, data, halves + 2L * row, ORDER));
            scales.intoArray(scratch.scales, row);
        }
    }
}
