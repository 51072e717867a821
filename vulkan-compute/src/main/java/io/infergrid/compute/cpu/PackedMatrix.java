package io.infergrid.compute.cpu;

import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A matrix repacked so that a SIMD lane is a row: groups of {@link Lanes#GROUP} rows, the rows of a group side by side. The
 * last group is filled up with rows of zeros. Immutable; freed with its arena.
 */
abstract sealed class PackedMatrix permits QuantisedMatrix, FloatMatrix {

    final int rows;
    final int columns;
    final int groups;
    final long groupBytes;
    final MemorySegment data;

    PackedMatrix(int rows, int columns, long groupBytes, Arena arena) {
        this.rows = rows;
        this.columns = columns;
        this.groups = (rows + Lanes.GROUP - 1) / Lanes.GROUP;
        this.groupBytes = groupBytes;
        this.data = WeightMemory.allocate(Math.addExact(Math.multiplyExact(groups, groupBytes), Lanes.OVERREAD), arena);
    }

    /** Packs a tensor, with all workers. */
    static PackedMatrix of(GgufTensor tensor, Arena arena, Workers workers) {
        PackedMatrix matrix = switch (tensor.type()) {
            case Q8_0 -> new ByteMatrix(tensor, arena);
            case F16, BF16, F32 -> new FloatMatrix(tensor, arena);
            default -> new PairMatrix(tensor, arena);
        };
        long groupBytes = Lanes.GROUP * tensor.type().rowBytes(tensor.columns());
        workers.forEach(matrix.groups, 1, (worker, from, to) -> {
            matrix.pack(tensor, from, to);
            long start = from * groupBytes;
            long end = Math.min(to * groupBytes, tensor.data().byteSize());
            WeightMemory.release(tensor.data().asSlice(start, end - start));
        });
        // the pages that the file's neighbouring reads brought back
        WeightMemory.release(tensor.data());
        return matrix;
    }

    /** Floats from one position's outputs to the next one's: the rows with those that fill up the last group. */
    final int stride() {
        return groups * Lanes.GROUP;
    }

    /** What a matrix is multiplied with. */
    enum Form {
        /** The vector as it is. */
        SOURCE,
        /** Quantised, as floats. */
        FLOATS,
        /** Quantised, as pairs of 16-bit integers. */
        PAIRS
    }

    abstract Form form();

    /** Bits of a weight if positions one by one are multiplied as {@link WordWeights}, or 0. */
    int wordBits() {
        return 0;
    }

    /** Packs the groups {@code [from, to)} of the tensor that this matrix was made for. */
    abstract void pack(GgufTensor tensor, int from, int to);

    /**
     * The outputs of the groups {@code [from, to)} for every position of {@code x}.
     *
     * @param out [positions][{@link #stride()}]
     */
    abstract void times(Activations x, float[] out, int from, int to, Scratch scratch);

    /** Element {@code column} of row {@code row}, exactly as the file has it. */
    abstract float element(int row, int column);

    /** Rows of {@code tensor} in a group; fewer than {@link Lanes#GROUP} in the last one. */
    final int rowsIn(int group) {
        return Math.min(Lanes.GROUP, rows - group * Lanes.GROUP);
    }

    static RuntimeException notFinite(GgufTensor tensor, long row) {
        return StageTensors.notFinite(tensor.name(), row);
    }
}
