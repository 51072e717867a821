package io.infergrid.compute.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.Rotary;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever a file says of a model's shape is refused with the key's name, or is a shape whose rotary table is finite. */
class ModelConfigFuzzProperties {

    private static final float[] NO_FACTORS = {};

    @Property(tries = 4000)
    void any_metadata_is_a_shape_or_refused(
            @ForAll("architectures") String architecture, @ForAll("changes") Map<String, Object> changes) {
        var builder = GgufMetadata.builder()
                .string("general.architecture", architecture)
                .uint32(architecture + ".embedding_length", 256)
                .uint32(architecture + ".block_count", 2)
                .uint32(architecture + ".feed_forward_length", 384)
                .uint32(architecture + ".attention.head_count", 4)
                .uint32(architecture + ".context_length", 512)
                .uint32(architecture + ".vocab_size", 300)
                .float32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
        changes.forEach((key, value) -> put(builder, architecture + "." + key, value));
        ModelConfig config;
        try {
            config = ModelConfig.of(builder.build());
        } catch (GgufException refused) {
            assertThat(refused.getMessage()).contains("expected", "found");
            return;
        }
        assertThat(config.heads() % config.kvHeads()).isZero();
        assertThat(config.firstSeen(1000)).isBetween(0, 1000);
        var table = Rotary.table(config, NO_FACTORS, 9);
        for (float value : table.cos()) {
            assertThat(value).isFinite();
        }
        for (float value : table.sin()) {
            assertThat(value).isFinite();
        }
    }

    private static void put(GgufMetadata.Builder builder, String key, Object value) {
        switch (value) {
            case Long number -> builder.uint32(key, number);
            case Float number -> builder.float32(key, number);
            case String text -> builder.string(key, text);
            default -> builder.int32s(key, 1, 2, 3);
        }
    }

    @Provide
    Arbitrary<String> architectures() {
        return Arbitraries.of("llama", "qwen2", "qwen3", "qwen3", "gemma");
    }

    @Provide
    Arbitrary<Map<String, Object>> changes() {
        Arbitrary<String> keys = Arbitraries.of(
                "embedding_length",
                "block_count",
                "attention.head_count",
                "attention.head_count_kv",
                "attention.key_length",
                "attention.value_length",
                "attention.sliding_window",
                "attention.scale",
                "context_length",
                "rope.freq_base",
                "rope.dimension_count",
                "rope.scaling.type",
                "rope.scaling.type",
                "rope.scaling.factor",
                "rope.scaling.original_context_length",
                "rope.scaling.attn_factor",
                "rope.scaling.yarn_beta_fast",
                "rope.scaling.yarn_beta_slow",
                "rope.scale_linear",
                "expert_count");
        Arbitrary<Object> values = Arbitraries.oneOf(
                Arbitraries.of(0L, 1L, 2L, 4L, 32L, 64L, 128L, 4096L, 0xFFFF_FFFFL)
                        .map(Object.class::cast),
                Arbitraries.of(
                                0f,
                                1f,
                                0.5f,
                                4f,
                                40f,
                                1e4f,
                                1e6f,
                                1e12f,
                                -1f,
                                1e-30f,
                                Float.NaN,
                                Float.POSITIVE_INFINITY)
                        .map(Object.class::cast),
                Arbitraries.of("none", "linear", "yarn", "yarn", "longrope", "").map(Object.class::cast),
                Arbitraries.just(List.of()).map(Object.class::cast));
        return Arbitraries.maps(keys, values).ofMaxSize(6);
    }
}
