package io.infergrid.compute.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Files whose tensors are not those of their architecture are refused with the tensor's name. */
class StageTensorsTest {

    private static final SeededModel LLAMA = model("llama");
    private static final SeededModel QWEN_3 = model("qwen3");

    @Test
    void a_sound_model_has_what_its_architecture_asks_for() {
        StageTensors qwen = load(new Changed(QWEN_3));
        assertThat(qwen.blocks().getFirst().queryNorm()).hasSize(48);
        assertThat(load(new Changed(LLAMA)).blocks().getFirst().keyNorm()).isNull();
        assertThat(load(new Changed(LLAMA).with(vector("rope_freqs.weight", 24, 2f)))
                        .rotaryFactors())
                .hasSize(24);
    }

    @Test
    void a_tensor_that_would_be_left_out_is_refused() {
        assertRefused(
                new Changed(LLAMA).with(vector("blk.1.attn_output.bias", 96, 0f)),
                "tensor 'blk.1.attn_output.bias': expected no such tensor in a model of architecture llama, found one");
        assertRefused(
                new Changed(LLAMA).with(vector("blk.0.attn_q_norm.weight", 48, 1f)), "'blk.0.attn_q_norm.weight'");
        assertRefused(
                new Changed(LLAMA).with(vector("output.bias", 32, 0f)),
                "tensor 'output.bias': expected no such tensor");
        assertRefused(
                new Changed(LLAMA).with(vector("rope_factors_long.weight", 24, 1f)), "'rope_factors_long.weight'");
        // blocks of other stages are theirs to check, and what is no block's is not computed with
        load(new Changed(LLAMA).with(vector("blk.7.attn_output.bias", 96, 0f)).with(vector("blk.x", 1, 0f)));
    }

    @Test
    void a_tensor_that_is_missing_or_of_another_shape_is_refused() {
        assertRefused(new Changed(QWEN_3).without("blk.1.attn_k_norm.weight"), "blk.1.attn_k_norm.weight");
        assertRefused(
                new Changed(QWEN_3).with(vector("blk.0.attn_q_norm.weight", 96, 1f)),
                "tensor 'blk.0.attn_q_norm.weight': expected 1 rows of 48, found 1 rows of 96");
        assertRefused(
                new Changed(LLAMA).with(vector("rope_freqs.weight", 48, 1f)),
                "tensor 'rope_freqs.weight': expected 1 rows of 24, found 1 rows of 48");
    }

    @Test
    void numbers_that_cannot_be_computed_with_are_refused() {
        assertRefused(
                new Changed(QWEN_3).with(vector("blk.0.attn_q_norm.weight", 48, Float.NaN)),
                "tensor 'blk.0.attn_q_norm.weight': expected finite weights, found one that is not in row 0");
        assertRefused(
                new Changed(LLAMA).with(vector("rope_freqs.weight", 24, 0f)),
                "tensor 'rope_freqs.weight': expected factors above 0, found 0.0");
        assertRefused(
                new Changed(LLAMA).with(vector("rope_freqs.weight", 24, Float.POSITIVE_INFINITY)),
                "tensor 'rope_freqs.weight': expected finite weights");
    }

    private static SeededModel model(String architecture) {
        return SeededModel.of(
                new SeededModel.Shape(architecture, 96, 2, 2, 1, 48, 64, 32, 64, TensorType.F32, true), 5);
    }

    private static GgufTensor vector(String name, int length, float value) {
        var data = MemorySegment.ofArray(new byte[4 * length]);
        for (int i = 0; i < length; i++) {
            data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, value);
        }
        return new GgufTensor(name, TensorType.F32, length, 1, data);
    }

    private static StageTensors load(TensorSource model) {
        return StageTensors.of(model, ModelConfig.of(model.metadata()), StageSpec.whole(2));
    }

    private static void assertRefused(TensorSource model, String message) {
        assertThatThrownBy(() -> load(model)).isInstanceOf(GgufException.class).hasMessageContaining(message);
    }

    /** A model with other tensors. */
    private record Changed(GgufMetadata metadata, Map<String, GgufTensor> tensors) implements TensorSource {

        Changed(SeededModel model) {
            this(model.metadata(), new LinkedHashMap<>());
            model.tensorNames().forEach(name -> tensors.put(name, model.tensor(name)));
        }

        Changed with(GgufTensor tensor) {
            tensors.put(tensor.name(), tensor);
            return this;
        }

        Changed without(String... names) {
            tensors.keySet().removeAll(Arrays.asList(names));
            return this;
        }

        @Override
        public Set<String> tensorNames() {
            return tensors.keySet();
        }

        @Override
        public Optional<GgufTensor> find(String name) {
            return Optional.ofNullable(tensors.get(name));
        }
    }
}
