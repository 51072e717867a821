package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.quantize.Encoded;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rows of every quantised type, read and made by us and by llama.cpp's library. */
class GgmlCounterpartTest {

    private static final int COLUMNS = 768;
    private static final int ROWS = 96;

    private Ggml ggml;

    @BeforeEach
    void ggml_is_there() {
        ggml = Ggml.assumePresent();
    }

    /** Any bytes with finite scales: only the order of roundings differs. */
    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void blocks_of_any_bytes_mean_to_us_what_they_mean_to_ggml(TensorType type) throws Throwable {
        var random = new Random(type.id());
        var bytes = new byte[300 * type.blockBytes()];
        random.nextBytes(bytes);
        for (int block = 0; block < 300; block++) {
            for (int half : type.halves()) {
                short scale = Float.floatToFloat16(0.01f * (float) random.nextGaussian());
                bytes[block * type.blockBytes() + half] = (byte) scale;
                bytes[block * type.blockBytes() + half + 1] = (byte) (scale >> 8);
            }
        }
        float[] theirs = ggml.dequantise(type, bytes);
        float[] ours = decoded(type, bytes, 300 * type.blockElements());

        for (int block = 0; block < 300; block++) {
            float most = 0;
            for (int i = 0; i < type.blockElements(); i++) {
                most = Math.max(most, Math.abs(theirs[block * type.blockElements() + i]));
            }
            for (int i = 0; i < type.blockElements(); i++) {
                int at = block * type.blockElements() + i;
                assertThat(ours[at]).isCloseTo(theirs[at], org.assertj.core.data.Offset.offset(4e-7f * most));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void our_quantiser_errs_less_than_ggmls(TensorType type) throws Throwable {
        less(type, "normal", random -> random.nextGaussian());
        less(type, "Laplace", random -> Math.log(random.nextDouble()) * (random.nextBoolean() ? 1 : -1));
        less(type, "with outliers", random -> random.nextGaussian() * (random.nextInt(64) == 0 ? 8 : 1));
        less(type, "shifted", random -> random.nextGaussian() + 2);
    }

    private void less(TensorType type, String weights, ToDoubleFunction<Random> distribution) throws Throwable {
        var random = new Random(7);
        var x = new float[ROWS * COLUMNS];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.02 * distribution.applyAsDouble(random));
        }
        // both read by ggml, so that only the choice of scales and integers is compared
        double theirs = error(ggml.dequantise(type, ggml.quantise(type, x, COLUMNS)), x);
        double ours = error(ggml.dequantise(type, Encoded.rows(type, x, COLUMNS)), x);
        assertThat(ours).as("error of %s weights, ggml's %f", weights, theirs).isLessThan(theirs);
    }

    private static float[] decoded(TensorType type, byte[] bytes, int columns) {
        var row = new float[columns];
        new GgufTensor("row", type, columns, 1, MemorySegment.ofArray(bytes)).readRow(0, row, 0);
        return row;
    }

    private static double error(float[] found, float[] exact) {
        return Logits.distance(new float[][] {found}, new float[][] {exact});
    }
}
