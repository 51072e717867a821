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
    void shapes_that_cannot_be_are_refused_by_key() {
        assertRefused(llama().string("general.architecture", "mamba"), "expected llama or qwen2, found 'mamba'");
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
                llama().string("llama.rope.scaling.type", "yarn").float32("llama.rope.scaling.factor", 4),
                "expected no scaling of rotary positions, found 4.0");
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
