package io.infergrid.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.arithmetic.QuantisedVector;
import io.infergrid.compute.arithmetic.WeightRows;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/** Matrices of every type, of drawn shapes, against the naive text. */
class PackedMatrixProperties {

    @Property(tries = 250, shrinking = ShrinkingMode.OFF)
    void a_packed_matrix_gives_the_products_and_elements_of_the_file(
            @ForAll("types") TensorType type,
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 21) int positions) {
        var random = new Random(seed);
        int columns = type.blockElements() * (1 + random.nextInt(1600 / type.blockElements()));
        var tensor = RandomModel.tensor("w", type, rows, columns, random);
        var x = activations(random, positions * columns);
        try (var arena = Arena.ofShared();
                var workers = new Workers(1 + random.nextInt(2))) {
            var matrix = PackedMatrix.of(tensor, arena, workers);
            int[] found = bits(times(matrix, x, positions, workers));
            int[] expected = bits(naive(tensor, x, positions));
            assertThat(found).isEqualTo(expected);
            for (int i = 0; i < 200; i++) {
                int row = random.nextInt(rows);
                int column = random.nextInt(columns);
                long at = row * type.rowBytes(columns);
                assertThat(matrix.element(row, column)).isEqualTo(WeightRows.element(type, tensor.data(), at, column));
            }
            long padding = (matrix.groups * (long) Lanes.GROUP - rows) * type.rowBytes(columns);
            assertThat(matrix.data.byteSize() - padding * 1.1)
                    .isLessThanOrEqualTo(1.1 * tensor.data().byteSize() + Lanes.OVERREAD);
        }
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void a_scale_that_is_not_finite_is_refused_with_its_tensor_and_row(
            @ForAll("types") TensorType type, @ForAll long seed) {
        var random = new Random(seed);
        int rows = 1 + random.nextInt(50);
        int columns = type.blockElements() * (1 + random.nextInt(3));
        var tensor = RandomModel.tensor("blk.0.attn_q.weight", type, rows, columns, random);
        int row = random.nextInt(rows);
        int[] halves = type.halves();
        long block = row * type.rowBytes(columns)
                + (long) random.nextInt(columns / type.blockElements()) * type.blockBytes();
        if (type == TensorType.F32) {
            tensor.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, block, Float.NaN);
        } else {
            long half = halves.length == 0 ? 0 : halves[random.nextInt(halves.length)];
            short bad = type == TensorType.BF16 ? (short) 0x7f80 : (short) (random.nextBoolean() ? 0x7e00 : 0xfc00);
            tensor.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, block + half, bad);
        }
        try (var arena = Arena.ofShared();
                var workers = new Workers(1)) {
            assertThatThrownBy(() -> PackedMatrix.of(tensor, arena, workers))
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("'blk.0.attn_q.weight'")
                    .hasMessageEndingWith("in row " + row);
        }
    }

    /** Outputs [positions][rows] of a packed matrix. */
    static float[] times(PackedMatrix matrix, float[] x, int positions, Workers workers) {
        var activations = new Activations(workers.size());
        activations.set(x, matrix.columns, positions, matrix.columns, matrix);
        if (activations.quantised()) {
            for (int p = 0; p < positions; p++) {
                activations.quantise(p, 0);
            }
        }
        var out = new float[positions * matrix.stride()];
        matrix.times(activations, out, 0, matrix.groups, new Scratch());
        var dense = new float[positions * matrix.rows];
        for (int p = 0; p < positions; p++) {
            System.arraycopy(out, p * matrix.stride(), dense, p * matrix.rows, matrix.rows);
        }
        return dense;
    }

    private static float[] naive(GgufTensor tensor, float[] x, int positions) {
        TensorType type = tensor.type();
        int columns = (int) tensor.columns();
        int rows = (int) tensor.rows();
        long rowBytes = type.rowBytes(columns);
        GgufTensor floats = type == TensorType.BF16 ? tensor.asF32() : tensor;
        var out = new float[positions * rows];
        for (int p = 0; p < positions; p++) {
            for (int row = 0; row < rows; row++) {
                out[p * rows + row] = switch (type) {
                    case F32, BF16 -> WeightRows.timesF32(floats.data(), row * 4L * columns, x, p * columns, columns);
                    case F16 -> WeightRows.timesF16(tensor.data(), row * rowBytes, x, p * columns, columns);
                    default ->
                        WeightRows.times(
                                type, tensor.data(), row * rowBytes, QuantisedVector.of(x, p * columns, columns));
                };
            }
        }
        return out;
    }

    static float[] activations(Random random, int n) {
        var x = new float[n];
        for (int block = 0; block < n; block += 32) {
            // now and then all of a block's integers are extreme
            boolean extreme = random.nextInt(8) == 0;
            int sign = random.nextInt(3) - 1;
            for (int i = block; i < Math.min(n, block + 32); i++) {
                x[i] = extreme
                        ? 3f * (sign == 0 ? (random.nextBoolean() ? 1 : -1) : sign)
                        : (float) random.nextGaussian();
            }
        }
        return x;
    }

    private static int[] bits(float[] values) {
        var bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    @Provide
    Arbitrary<TensorType> types() {
        return Arbitraries.of(TensorType.values());
    }
}
