package io.infergrid.compute.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import org.junit.jupiter.api.Test;

class ModelConfigTest {

    @Test
    void keys_that_may_be_missing_have_the_defaults_of_llama_cpp() {
        ModelConfig config = ModelConfig.of(llama().build());
        assertThat(config.kvHeads()).isEqualTo(8);
        assertThat(config.headDimension()).isEqualTo(32);
        assertThat(config.ropeDimensions()).isEqualTo(32);
        assertThat(config.ropeBase()).isEqualTo(10_000f);
        assertThat(config.neoxRope()).isFalse();
        assertThat(config.vocabulary()).isEqualTo(1000);
    }

    @Test
    void qwen2_rotates_halves() {
        var builder = GgufMetadata.builder();
        llama().build().values().forEach((key, value) -> builder.put(key.replace("llama.", "qwen2."), value));
        builder.string("general.architecture", "qwen2");
        assertThat(ModelConfig.of(builder.build()).neoxRope()).isTrue();
    }

    @Test
    void qwen3_norms_heads_whose_size_is_its_own() {
        var builder = GgufMetadata.builder();
        llama().build().values().forEach((key, value) -> builder.put(key.replace("llama.", "qwen3."), value));
        builder.string("general.architecture", "qwen3")
                .uint32("qwen3.attention.key_length", 128)
                .uint32("qwen3.attention.value_length", 128);
        ModelConfig config = ModelConfig.of(builder.build());
        assertThat(config.neoxRope()).isTrue();
        assertThat(config.headNorms()).isTrue();
        assertThat(config.queryDimension()).isEqualTo(1024);
        assertThat(config.dimension()).isEqualTo(256);
    }

    @Test
    void a_window_ends_at_the_position_itself() {
        ModelConfig all = ModelConfig.of(llama().build());
        ModelConfig four = ModelConfig.of(
                llama().uint32("llama.attention.sliding_window", 4).build());
        assertThat(all.firstSeen(1000)).isZero();
        assertThat(four.firstSeen(0)).isZero();
        assertThat(four.firstSeen(3)).isZero();
        assertThat(four.firstSeen(4)).isEqualTo(1);
    }

    @Test
    void rotary_positions_are_stretched_as_the_keys_say() {
        assertThat(scaling(llama())).isEqualTo(new RotaryScaling.None());
        assertThat(scaling(llama().string("llama.rope.scaling.type", "none").float32("llama.rope.scaling.factor", 4)))
                .isEqualTo(new RotaryScaling.None());
        assertThat(scaling(llama().float32("llama.rope.scaling.factor", 4))).isEqualTo(new RotaryScaling.Linear(4));
        assertThat(scaling(llama().float32("llama.rope.scale_linear", 2))).isEqualTo(new RotaryScaling.Linear(2));
        assertThat(scaling(llama().float32("llama.rope.scaling.factor", 0))).isEqualTo(new RotaryScaling.None());
        assertThat(scaling(llama().string("llama.rope.scaling.type", "yarn").float32("llama.rope.scaling.factor", 4)))
                .isEqualTo(new RotaryScaling.Yarn(4, 2048, 1, 32, 1));
    }

    private static RotaryScaling scaling(GgufMetadata.Builder metadata) {
        return ModelConfig.of(metadata.build()).ropeScaling();
    }

    @Test
    void shapes_that_cannot_be_are_refused_by_key() {
        assertRefused(
                llama().string("general.architecture", "mamba"),
                "expected llama (Llama, Mistral, TinyLlama, SmolLM), qwen2 or qwen3, found 'mamba'");
        assertRefused(llama().remove("llama.block_count"), "expected the metadata key 'llama.block_count', found none");
        assertRefused(llama().uint32("llama.block_count", 0), "'llama.block_count': expected 1..1024, found 0");
        assertRefused(
                llama().uint32("llama.embedding_length", 0xFFFF_FFFFL),
                "'llama.embedding_length': expected 1..65536, found 4294967295");
        assertRefused(
                llama().uint32("llama.attention.head_count", 7), "expected a divisor of the embedding length 256");
        assertRefused(llama().uint32("llama.attention.head_count_kv", 3), "divides 8 heads, found 3");
        assertRefused(llama().uint32("llama.attention.head_count_kv", 9), "expected 1..8, found 9");
        assertRefused(llama().uint32("llama.attention.value_length", 16), "expected the key length 32, found 16");
        assertRefused(llama().uint32("llama.rope.dimension_count", 31), "even number of rotated elements");
        assertRefused(llama().float32("llama.rope.freq_base", Float.NaN), "found NaN");
        assertRefused(llama().float32("llama.attention.layer_norm_rms_epsilon", 0), "found 0.0");
    }

    @Test
    void what_the_engine_does_not_compute_is_said() {
        assertRefused(llama().uint32("llama.expert_count", 8), "no mixture of experts), found 8");
        assertRefused(
                llama().string("llama.rope.scaling.type", "longrope").float32("llama.rope.scaling.factor", 4),
                "'llama.rope.scaling.type': expected none, linear or yarn, found 'longrope'");
        assertRefused(
                llama().float32("llama.attention.scale", 0.5f), "'llama.attention.scale': expected none, found 0.5");
        assertRefused(
                llama().float32("llama.rope.scaling.attn_factor", 2f),
                "attn_factor': expected 1 without yarn, found 2.0");
        assertRefused(
                llama().string("llama.rope.scaling.type", "yarn").float32("llama.rope.freq_base", 1f),
                "expected a base of rotary frequencies above 1 with yarn, found 1.0");
        assertRefused(
                llama().uint32("llama.attention.sliding_window", 64)
                        .uint32("llama.attention.sliding_window_pattern", 2),
                "expected one window for all blocks, found a pattern");
        assertRefused(llama().int32s("llama.attention.head_count_kv", 8, 8, 4, 4), "'llama.attention.head_count_kv'");
    }

    private static GgufMetadata.Builder llama() {
        return GgufMetadata.builder()
                .string("general.architecture", "llama")
                .uint32("llama.embedding_length", 256)
                .uint32("llama.block_count", 4)
                .uint32("llama.feed_forward_length", 704)
                .uint32("llama.attention.head_count", 8)
                .uint32("llama.context_length", 2048)
                .uint32("llama.vocab_size", 1000)
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    }

    private static void assertRefused(GgufMetadata.Builder metadata, String message) {
        assertThatThrownBy(() -> ModelConfig.of(metadata.build()))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining(message);
    }
}
