package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.Lanes.COUNT;
import static io.infergrid.compute.cpu.Lanes.FLOATS;
import static io.infergrid.compute.cpu.Lanes.GROUP;
import static io.infergrid.compute.cpu.Lanes.ORDER;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;

/** An F16, BF16 or F32 matrix: in a group, the columns of lane 0 (0, 32, 64, ...), then those of lane 1, ...; rows side by side. */
final class FloatMatrix extends PackedMatrix {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private final TensorType type;
    private final int elementBytes;
    /** How many columns come before those of each lane. */
    private final int[] laneStart = new int[33];

    FloatMatrix(GgufTensor tensor, Arena arena) {
        super(
                Math.toIntExact(tensor.rows()),
                Math.toIntExact(tensor.columns()),
                Math.multiplyExact(tensor.columns() * tensor.type().blockBytes(), GROUP),
                arena);
        type = tensor.type();
        elementBytes = type.blockBytes();
        for (int lane = 0; lane < 32; lane++) {
            laneStart[lane + 1] = laneStart[lane] + (lane < columns ? (columns - lane + 31) / 32 : 0);
        }
    }

    private long offset(int row, int column) {
        long columnAt = laneStart[column % 32] + (long) (column / 32);
        return (long) (row / GROUP) * groupBytes + (columnAt * GROUP + row % GROUP) * elementBytes;
    }

    @Override
    Form form() {
        return Form.SOURCE;
    }

    @Override
    void pack(GgufTensor tensor, int from, int to) {
        for (int row = from * GROUP; row < Math.min(rows, to * GROUP); row++) {
            long source = (long) row * columns * elementBytes;
            for (int column = 0; column < columns; column++) {
                if (!Float.isFinite(StageTensors.element(tensor, row, column))) {
                    throw notFinite(tensor, row);
                }
                long at = source + (long) column * elementBytes;
                if (elementBytes == 2) {
                    data.set(HALF, offset(row, column), tensor.data().get(HALF, at));
                } else {
                    data.set(FLOAT, offset(row, column), tensor.data().get(FLOAT, at));
                }
            }
        }
    }

    @Override
    float element(int row, int column) {
        long at = offset(row, column);
        return switch (type) {
            case F16 -> Ig1.fromHalf(data.get(HALF, at));
            case BF16 -> Float.intBitsToFloat(data.get(HALF, at) << 16);
            default -> data.get(FLOAT, at);
        };
    }

    @Override
    void times(Activations x, float[] out, int from, int to, Scratch scratch) {
        for (int group = from; group < to; group++) {
            for (int position = 0; position < x.positions; position++) {
                rows(group * groupBytes, x.source, position * x.stride, scratch.lanes);
                QuantisedMatrix.sumLanes(
                        scratch.lanes, Math.min(32, columns), out, position * stride() + group * GROUP);
            }
        }
    }

    private void rows(long from, float[] x, int xFrom, float[] sums) {
        long at = from;
        for (int lane = 0; lane < Math.min(32, columns); lane++) {
            FloatVector sum0 = Lanes.zero();
            FloatVector sum1 = sum0;
            for (int column = lane; column < columns; column += 32) {
                FloatVector v = FloatVector.broadcast(FLOATS, x[xFrom + column]);
                sum0 = sum0.add(VectorIg1.flush(weights(at).mul(v)));
                sum1 = sum1.add(VectorIg1.flush(
                        weights(at + (long) COUNT * elementBytes).mul(v)));
                at += (long) GROUP * elementBytes;
            }
            sum0.intoArray(sums, lane * GROUP);
            sum1.intoArray(sums, lane * GROUP + COUNT);
        }
    }

    private FloatVector weights(long at) {
        if (type == TensorType.F32) {
            return FloatVector.fromMemorySegment(FLOATS, data, at, ORDER);
        }
        ShortVector halves = ShortVector.fromMemorySegment(Lanes.SHORTS, data, at, ORDER);
        return type == TensorType.F16 ? Lanes.fromHalf(halves) : Lanes.fromUpperHalf(halves);
    }
}
