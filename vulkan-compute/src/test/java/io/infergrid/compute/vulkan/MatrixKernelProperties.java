package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.Layers;
import io.infergrid.compute.arithmetic.QuantisedVector;
import io.infergrid.compute.arithmetic.WeightRows;
import io.infergrid.compute.conformance.SeededRandom;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

/** Matrices of every type, of drawn shapes and bytes, against the naive text of {@link WeightRows#times}. */
class MatrixKernelProperties extends DeviceProperties {

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float EPSILON = 1e-5f;

    /** Matrices of the same columns that are stacked, and the tokens that meet them. */
    record Drawn(List<TensorType> types, int columns, List<Integer> rows, int tokens, long seed, Tuning tuning) {}

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void a_matrix_of_any_type_gives_the_bits_of_the_java_text(@ForAll("drawn") Drawn drawn) {
        var random = new SeededRandom(drawn.seed());
        var stacked = new ArrayList<GgufTensor>();
        for (int i = 0; i < drawn.types().size(); i++) {
            stacked.add(
                    matrix(drawn.types().get(i), drawn.columns(), drawn.rows().get(i), random));
        }
        float[] x = floats(drawn.tokens() * drawn.columns(), random, 3f);
        float[] norm = floats(drawn.columns(), random, 1f);
        assertThat(bits(onDevice(stacked, x, norm, drawn))).isEqualTo(bits(inJava(stacked, x, norm, drawn)));
    }

    @Provide
    Arbitrary<Drawn> drawn() {
        var types = Arbitraries.of(TensorType.values()).list().ofMinSize(1).ofMaxSize(2);
        var rows = Arbitraries.integers().between(1, 190).list().ofSize(2);
        return Combinators.combine(
                        types,
                        Arbitraries.integers().between(1, 46),
                        rows,
                        Arbitraries.of(1, 1, 2, 4, 7, 17, 32),
                        Arbitraries.longs(),
                        Arbitraries.of(tunings()))
                .as((drawn, width, count, tokens, seed, tuning) -> {
                    int block = drawn.stream()
                            .mapToInt(TensorType::blockElements)
                            .max()
                            .orElseThrow();
                    int columns = block == 32 ? 32 * width : 256 * (width / 7 + 1);
                    return new Drawn(drawn, columns, count, tokens, seed, tuning);
                });
    }

    @Test
    void a_matrix_takes_little_more_memory_than_its_file() {
        try (var device = VulkanFixture.open()) {
            for (TensorType type : TensorType.values()) {
                var tensor = matrix(type, 2048, 256, new SeededRandom(1));
                try (var matrix =
                        DeviceMatrix.upload(device.device(), Tuning.of(DeviceKind.DISCRETE), List.of(tensor))) {
                    double ratio = (double) matrix.bytes() / tensor.data().byteSize();
                    assertThat(ratio)
                            .as("%s on the device against its file", type)
                            .isBetween(1.0, 1.12);
                }
            }
        }
    }

    private static float[] onDevice(List<GgufTensor> stacked, float[] x, float[] norm, Drawn drawn) {
        var device = vulkan().device();
        int rows = Math.toIntExact(stacked.stream().mapToLong(GgufTensor::rows).sum());
        int tokens = drawn.tokens();
        try (var matrix = DeviceMatrix.upload(device, drawn.tuning(), stacked);
                var step = device.buffer(StepParameters.bytes(0), DeviceMemory.Place.UPLOAD);
                var input = device.buffer(4L * x.length, DeviceMemory.Place.UPLOAD);
                var weight = device.buffer(4L * norm.length, DeviceMemory.Place.UPLOAD);
                var activation = new Activation(device, drawn.columns(), tokens, matrix.forms());
                var none = device.zeroed(0);
                var output = device.buffer(4L * rows * tokens, DeviceMemory.Place.READBACK);
                var sequence = new CommandSequence(device)) {
            var first = new StepParameters.Token(0, 0);
            new StepParameters(Collections.nCopies(tokens, first), List.of(), new int[0]).write(step.mapped());
            MemorySegment.copy(x, 0, input.mapped(), ValueLayout.JAVA_FLOAT, 0, x.length);
            MemorySegment.copy(norm, 0, weight.mapped(), ValueLayout.JAVA_FLOAT, 0, norm.length);
            var kernels = new Kernels(device, drawn.tuning(), step, step);
            kernels.rmsNorm(sequence, input, weight, EPSILON, activation, tokens, Kernels.Rows.TOKENS);
            sequence.barrier();
            kernels.matmul(
                    sequence,
                    new Kernels.Product(
                            matrix, activation, output, rows, none, Kernels.Mode.PLAIN, Kernels.Rows.TOKENS),
                    tokens);
            sequence.barrierToHost().end().run();
            return Arrays.copyOf(output.mapped().toArray(ValueLayout.JAVA_FLOAT), rows * tokens);
        }
    }

    private static float[] inJava(List<GgufTensor> stacked, float[] x, float[] norm, Drawn drawn) {
        var results = new float
                [drawn.tokens()
                        * Math.toIntExact(
                                stacked.stream().mapToLong(GgufTensor::rows).sum())];
        int at = 0;
        for (int token = 0; token < drawn.tokens(); token++) {
            float[] normed = Layers.rmsNorm(x, token * drawn.columns(), norm, EPSILON);
            var quantised = QuantisedVector.of(normed, 0, normed.length);
            for (GgufTensor tensor : stacked) {
                long rowBytes = tensor.type().rowBytes(tensor.columns());
                for (long row = 0; row < tensor.rows(); row++) {
                    results[at++] = times(tensor, row * rowBytes, normed, quantised);
                }
            }
        }
        return results;
    }

    private static float times(GgufTensor tensor, long row, float[] x, QuantisedVector quantised) {
        return switch (tensor.type()) {
            case F32 -> WeightRows.timesF32(tensor.data(), row, x, 0, x.length);
            case F16 -> WeightRows.timesF16(tensor.data(), row, x, 0, x.length);
            case BF16 -> timesBf16(tensor, row, x);
            default -> WeightRows.times(tensor.type(), tensor.data(), row, quantised);
        };
    }

    private static float timesBf16(GgufTensor tensor, long row, float[] x) {
        var widened = MemorySegment.ofArray(new float[x.length]);
        for (int i = 0; i < x.length; i++) {
            widened.setAtIndex(ValueLayout.JAVA_FLOAT, i, WeightRows.element(tensor.type(), tensor.data(), row, i));
        }
        return WeightRows.timesF32(widened, 0, x, 0, x.length);
    }

    /** Any bytes are weights, but for the halves: those are finite, some of them subnormal or zero. */
    private static GgufTensor matrix(TensorType type, int columns, int rows, SeededRandom random) {
        var bytes = new byte[Math.toIntExact(rows * type.rowBytes(columns))];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt(256);
        }
        var data = MemorySegment.ofArray(bytes);
        int[] halves = type == TensorType.F16 ? new int[] {0} : type.halves();
        for (int block = 0; block < bytes.length / type.blockBytes(); block++) {
            for (int half : halves) {
                float scale = random.nextInt(20) == 0 ? 0f : Math.scalb(random.nextFloat() - 0.5f, -random.nextInt(24));
                data.set(HALF, (long) block * type.blockBytes() + half, Ig1.toHalf(scale));
            }
            if (type == TensorType.F32) {
                data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * block, random.nextFloat() - 0.5f);
            } else if (type == TensorType.BF16) {
                data.set(HALF, 2L * block, (short) (Float.floatToRawIntBits(random.nextFloat() - 0.5f) >> 16));
            }
        }
        return new GgufTensor("drawn", type, columns, rows, data);
    }

    private static float[] floats(int count, SeededRandom random, float most) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = most * (random.nextFloat() - 0.5f);
        }
        return values;
    }

    private static int[] bits(float[] values) {
        var bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
