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
 * A Q8_0 matrix. A block of a group: the weights of its columns, [32 columns][rows], then the rows' scales as halves. Blocks
 * come in the order in which IG1's sum takes them: all blocks of lane 0 of the 32, then those of lane 1, ...
 */
final class ByteMatrix extends QuantisedMatrix {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    private static final int ROW_BYTES = 2 + BLOCK;
    private static final long BLOCK_BYTES = (long) ROW_BYTES * GROUP;

    /** Offset in a group of the first block of each of the 32 lanes; of the end behind the last that has blocks. */
    private final long[] laneStart = new long[33];

    ByteMatrix(GgufTensor tensor, Arena arena) {
        super(tensor, tensor.columns() / BLOCK * BLOCK_BYTES, arena);
        for (int lane = 0; lane < 32; lane++) {
            laneStart[lane + 1] = laneStart[lane] + blocksOf(lane) * BLOCK_BYTES;
        }
    }

    private int blocksOf(int lane) {
        return lane < blocks ? (blocks - lane + 31) / 32 : 0;
    }

    private long offset(int group, int block) {
        return group * groupBytes + laneStart[block % 32] + block / 32 * BLOCK_BYTES;
    }

    @Override
    Form form() {
        return Form.FLOATS;
    }

    @Override
    void pack(GgufTensor tensor, int from, int to) {
        int rowBytes = blocks * ROW_BYTES;
        var source = new byte[GROUP * rowBytes];
        var packed = new byte[(int) BLOCK_BYTES];
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
                    int at = row * rowBytes + block * ROW_BYTES;
                    if (Ig1.isHalfNotFinite((short) ((source[at] & 0xff) | source[at + 1] << 8))) {
                        throw notFinite(tensor, first + row);
                    }
                    packBlock(source, at, packed, row);
                }
                MemorySegment.copy(packed, 0, data, ValueLayout.JAVA_BYTE, offset(group, block), packed.length);
            }
        }
    }

    private static void packBlock(byte[] source, int at, byte[] packed, int row) {
        for (int i = 0; i < BLOCK; i++) {
            packed[i * GROUP + row] = source[at + 2 + i];
        }
        int scale = BLOCK * GROUP + 2 * row;
        packed[scale] = source[at];
        packed[scale + 1] = source[at + 1];
    }

    @Override
    float element(int row, int column) {
        long at = offset(row / GROUP, column / BLOCK);
        int lane = row % GROUP;
        float scale = Ig1.fromHalf(data.get(HALF, at + (long) BLOCK * GROUP + 2L * lane));
        return scale * data.get(ValueLayout.JAVA_BYTE, at + (long) (column % BLOCK) * GROUP + lane);
    }

    @Override
    void lanes(Activations x, int position, int group, Scratch scratch) {
        BlockKernels.rowsQ8(
                data,
                group * groupBytes,
                blocks,
                x.values,
                position * columns,
                x.scales,
                position * blocks,
                scratch.lanes);
    }

    @Override
    void unpack(int group, int block, Scratch scratch) {
        long at = offset(group, block);
        BlockKernels.unpackQ8(data, at, scratch.weights);
        long halves = at + (long) BLOCK * GROUP;
        for (int row = 0; row < GROUP; row += COUNT) {
            FloatVector scales =
                    Lanes.fromHalf(ShortVector.fromMemorySegment(Lanes.SHORTS, data, halves + 2L * row, ORDER));
            scales.intoArray(scratch.scales, row);
        }
    }

    @Override
    void addTile(Activations x, int at, Scratch scratch, float[] sums, int sumsFrom) {
        BlockKernels.tile(scratch.weights, x.values, at * BLOCK, scratch.dots);
        BlockKernels.addTerms(scratch.dots, scratch.scales, x.scales, at, sums, sumsFrom);
    }
}
