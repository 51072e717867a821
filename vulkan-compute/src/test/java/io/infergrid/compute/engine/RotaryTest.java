package io.infergrid.compute.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.model.ModelConfig;
import org.junit.jupiter.api.Test;

/** Angles of the rotary embedding where it is stretched. */
class RotaryTest {

    private static final int PAIRS = 64;
    private static final float[] NO_FACTORS = {};

    @Test
    void a_linear_factor_divides_positions() {
        RotaryTable plain = Rotary.table(config("none", 1), NO_FACTORS, 40);
        RotaryTable stretched = Rotary.table(config("linear", 4), NO_FACTORS, 160);
        for (int i = 0; i < PAIRS; i++) {
            assertThat(stretched.cos()[156 * PAIRS + i]).isEqualTo(plain.cos()[39 * PAIRS + i]);
            assertThat(stretched.sin()[156 * PAIRS + i]).isEqualTo(plain.sin()[39 * PAIRS + i]);
        }
    }

    @Test
    void factors_of_the_file_and_a_linear_factor_multiply() {
        var factors = new float[PAIRS];
        java.util.Arrays.fill(factors, 2f);
        RotaryTable both = Rotary.table(config("linear", 4), factors, 2);
        RotaryTable one = Rotary.table(config("linear", 8), NO_FACTORS, 2);
        assertThat(both.cos()).containsExactly(one.cos());
    }

    /** The numbers of the paper's section 3.2 for 128 rotated elements, base 10000, 4096 positions, factor 4. */
    @Test
    void yarn_keeps_fast_pairs_divides_slow_ones_and_grows_by_the_logarithm() {
        RotaryTable plain = Rotary.table(config("none", 1), NO_FACTORS, 5);
        RotaryTable yarn = Rotary.table(config("yarn", 4), NO_FACTORS, 5);
        double growth = 1 + 0.1 * Math.log(4);
        // 32 turns in 4096 positions: pair 20.9; one turn: pair 45.03
        for (int i = 0; i <= 20; i++) {
            assertThat(angle(yarn, 1, i)).isCloseTo(angle(plain, 1, i), within(1e-6));
        }
        for (int i = 46; i < PAIRS; i++) {
            assertThat(angle(yarn, 4, i)).isCloseTo(angle(plain, 1, i), within(1e-7));
        }
        double kept = 1 - (33 - 20.0) / (46 - 20.0);
        assertThat(angle(yarn, 1, 33)).isCloseTo(angle(plain, 1, 33) * (kept + (1 - kept) / 4), within(1e-7));
        for (int i = 0; i < PAIRS; i++) {
            assertThat(Math.hypot(yarn.cos()[PAIRS + i], yarn.sin()[PAIRS + i])).isCloseTo(growth, within(1e-6));
        }
    }

    private static double angle(RotaryTable table, int position, int pair) {
        int at = position * PAIRS + pair;
        return Math.atan2(table.sin()[at], table.cos()[at]);
    }

    private static ModelConfig config(String scaling, float factor) {
        return ModelConfig.of(GgufMetadata.builder()
                .string("general.architecture", "llama")
                .uint32("llama.embedding_length", 256)
                .uint32("llama.block_count", 1)
                .uint32("llama.feed_forward_length", 64)
                .uint32("llama.attention.head_count", 2)
                .uint32("llama.context_length", 16_384)
                .uint32("llama.vocab_size", 1000)
                .string("llama.rope.scaling.type", scaling)
                .float32("llama.rope.scaling.factor", factor)
                .uint32("llama.rope.scaling.original_context_length", 4096)
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .build());
    }
}
