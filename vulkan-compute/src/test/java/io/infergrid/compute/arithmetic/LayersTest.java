package io.infergrid.compute.arithmetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayersTest {

    private final Random random = new Random(5);

    @Test
    void a_quantised_block_is_within_half_a_step_of_its_values() {
        float[] x = normal(320, 3f);
        var quantised = QuantisedVector.of(x, 0, 320);
        for (int i = 0; i < x.length; i++) {
            float scale = quantised.scales()[i / 32];
            assertThat(quantised.values()[i] * scale).isCloseTo(x[i], within(0.5001f * scale));
        }
        float[] largest = new float[32];
        largest[7] = -5f;
        assertThat(QuantisedVector.of(largest, 0, 32).values()[7]).isEqualTo((byte) -127);
    }

    @Test
    void a_block_below_the_floor_is_zero() {
        float[] x = new float[32];
        Arrays.fill(x, 0x1p-61f);
        var quantised = QuantisedVector.of(x, 0, 32);
        assertThat(quantised.scales()).containsExactly(0f);
        assertThat(quantised.values()).containsOnly(0);
        assertThatThrownBy(() -> QuantisedVector.of(new float[33], 0, 33)).hasMessageContaining("multiple of 32");
    }

    @Test
    void rows_of_every_type_are_close_to_their_dequantised_products() {
        int n = 2048;
        float[] x = normal(n, 1f);
        var quantised = QuantisedVector.of(x, 0, n);
        var q8 = MemorySegment.ofArray(new byte[n / 32 * 34]);
        var q4 = MemorySegment.ofArray(new byte[n / 32 * 18]);
        fill(q8, 34);
        fill(q4, 18);
        double truth8 = 0;
        double truth4 = 0;
        double square8 = 0;
        double square4 = 0;
        for (int i = 0; i < n; i++) {
            double term8 = (double) WeightRows.element(TensorType.Q8_0, q8, 0, i) * x[i];
            double term4 = (double) WeightRows.element(TensorType.Q4_0, q4, 0, i) * x[i];
            truth8 += term8;
            truth4 += term4;
            square8 += term8 * term8;
            square4 += term4 * term4;
        }
        // an activation is off by at most 1/254 of its block's largest, here about 2.5 standard deviations
        assertThat((double) WeightRows.times(TensorType.Q8_0, q8, 0, quantised))
                .isCloseTo(truth8, within(0.05 * Math.sqrt(square8)));
        assertThat((double) WeightRows.times(TensorType.Q4_0, q4, 0, quantised))
                .isCloseTo(truth4, within(0.05 * Math.sqrt(square4)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 32, 37, 99})
    void attention_is_the_softmax_weighted_mean_of_the_values_in_the_window(int first) {
        int dimension = 20;
        int positions = 100;
        int stride = 2 * dimension;
        float[] query = normal(dimension, 2f);
        var keys = new short[positions * stride];
        var values = new short[positions * stride];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = Ig1.toHalf((float) random.nextGaussian());
            values[i] = Ig1.toHalf((float) random.nextGaussian());
        }
        var out = new float[dimension];
        Layers.attention(query, 0, dimension, keys, values, stride, dimension, first, positions, out, 0);

        var weights = new double[positions];
        double total = 0;
        for (int p = first; p < positions; p++) {
            double score = 0;
            for (int d = 0; d < dimension; d++) {
                score += query[d] * (double) Ig1.fromHalf(keys[p * stride + dimension + d]);
            }
            weights[p] = Math.exp(score / Math.sqrt(dimension));
            total += weights[p];
        }
        for (int d = 0; d < dimension; d++) {
            double expected = 0;
            for (int p = first; p < positions; p++) {
                expected += weights[p] / total * Ig1.fromHalf(values[p * stride + dimension + d]);
            }
            assertThat((double) out[d]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void rms_norm_gives_unit_mean_square() {
        float[] x = normal(300, 40f);
        var weight = new float[300];
        Arrays.fill(weight, 1f);
        double square = 0;
        for (float y : Layers.rmsNorm(x, 0, weight, 1e-6f)) {
            square += (double) y * y;
        }
        assertThat(square / 300).isCloseTo(1, within(1e-5));
    }

    @Test
    void each_head_is_normed_for_itself() {
        float[] heads = normal(3 * 20, 5f);
        float[] weight = normal(20, 1f);
        float[] second = Layers.rmsNorm(heads, 20, weight, 1e-6f);
        Layers.headNorms(heads, weight, 1e-6f);
        assertThat(Arrays.copyOfRange(heads, 20, 40)).isEqualTo(second);

        // what is too small beside the rest of its head is zero, however large its weight
        var uneven = new float[20];
        uneven[0] = 1e18f;
        uneven[1] = 1e-15f;
        var large = new float[20];
        Arrays.fill(large, 1e20f);
        Layers.headNorms(uneven, large, 1e-6f);
        assertThat(uneven[1]).isZero();
    }

    @Test
    void rotation_keeps_lengths_and_turns_by_the_position() {
        var table = RotaryTable.of(3, 2, 8, 10_000f, new float[0]);
        for (boolean neox : new boolean[] {false, true}) {
            float[] x = normal(8, 1f);
            float[] turned = x.clone();
            table.rotate(turned, 0, 1, neox);
            int second = neox ? 4 : 1;
            // pair 0 has frequency 1, and row 1 of the table is position 4
            assertThat((double) turned[0]).isCloseTo(x[0] * Math.cos(4) - x[second] * Math.sin(4), within(1e-6));
            assertThat(length(turned)).isCloseTo(length(x), within(1e-5));
        }
        var stretched = RotaryTable.of(0, 9, 2, 10_000f, new float[] {8f});
        assertThat(stretched.cos()[8]).isEqualTo((float) StrictMath.cos(1));
        assertThatThrownBy(() -> RotaryTable.of(0, 1, 8, 1f, new float[3])).hasMessageContaining("4 rotary factors");
    }

    private static double length(float[] x) {
        double square = 0;
        for (float v : x) {
            square += (double) v * v;
        }
        return Math.sqrt(square);
    }

    private void fill(MemorySegment blocks, int blockBytes) {
        var bytes = new byte[(int) blocks.byteSize()];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, blocks, ValueLayout.JAVA_BYTE, 0, bytes.length);
        for (int at = 0; at < bytes.length; at += blockBytes) {
            short scale = Ig1.toHalf(0.01f * random.nextFloat());
            blocks.set(ValueLayout.JAVA_BYTE, at, (byte) scale);
            blocks.set(ValueLayout.JAVA_BYTE, at + 1, (byte) (scale >> 8));
        }
    }

    private float[] normal(int n, float deviation) {
        var x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian() * deviation;
        }
        return x;
    }
}
