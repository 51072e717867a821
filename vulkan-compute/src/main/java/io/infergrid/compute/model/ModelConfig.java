package io.infergrid.compute.model;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.List;

/**
 * The shape of a Llama-family model, from a GGUF's metadata.
 *
 * @param architecture {@code general.architecture}: llama (also Mistral, TinyLlama, SmolLM), qwen2 or qwen3
 * @param dimension embedding length
 * @param blocks number of transformer blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDimension elements of one head
 * @param feedForward hidden elements of the feed-forward layer
 * @param vocabulary number of tokens
 * @param contextLength positions the model was trained for
 * @param ropeBase base of the rotary frequencies
 * @param ropeDimensions rotated elements of each head
 * @param neoxRope true if element i is rotated with i + ropeDimensions/2 (Qwen2), false if with its neighbour (Llama)
 * @param ropeScaling how rotary positions are stretched
 * @param normEpsilon added to the mean square in RMS norm
 * @param headNorms true if each head of queries and keys has an RMS norm of its own before it is rotated (Qwen3)
 * @param slidingWindow positions that a position sees, its own among them; 0 for all before it
 */
public record ModelConfig(
        String architecture,
        int dimension,
        int blocks,
        int heads,
        int kvHeads,
        int headDimension,
        int feedForward,
        int vocabulary,
        int contextLength,
        float ropeBase,
        int ropeDimensions,
        boolean neoxRope,
        RotaryScaling ropeScaling,
        float normEpsilon,
        boolean headNorms,
        int slidingWindow) {

    private static final int MOST_TOKENS = 1 << 20;
    private static final List<String> ARCHITECTURES = List.of("llama", "qwen2", "qwen3");

    /** Keys of models that compute something more: none of them may be set to anything but 0. */
    private static final List<String> UNSUPPORTED = List.of(
            "attention.scale",
            "attention.clamp_kqv",
            "attention.max_alibi_bias",
            "attention.output_scale",
            "attention.value_scale",
            "attention.temperature_scale",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "embedding_scale",
            "residual_scale",
            "logit_scale",
            "rope.scaling.yarn_log_multiplier");

    public ModelConfig {
        if (heads % kvHeads != 0) {
            throw new GgufException(
                    "expected a number of key-value heads that divides " + heads + " heads, found " + kvHeads);
        }
        if (ropeDimensions % 2 != 0 || ropeDimensions > headDimension) {
            throw new GgufException("expected an even number of rotated elements of at most " + headDimension
                    + " of a head, found " + ropeDimensions);
        }
        if (ropeScaling instanceof RotaryScaling.Yarn && ropeBase <= 1f) {
            throw new GgufException("expected a base of rotary frequencies above 1 with yarn, found " + ropeBase);
        }
    }

    /** Elements of all query heads together. */
    public int queryDimension() {
        return heads * headDimension;
    }

    /** Elements of all key (or value) heads together. */
    public int keyValueDimension() {
        return kvHeads * headDimension;
    }

    /** The first position that {@code position} sees. */
    public int firstSeen(int position) {
        return slidingWindow == 0 ? 0 : Math.max(0, position + 1 - slidingWindow);
    }

    /**
     * Reads the shape of a model; keys that may be missing have llama.cpp's defaults.
     *
     * @throws GgufException if the architecture is not supported, a key is missing or out of bounds, or asks for something that
     *     the engine does not compute (experts, other ways to stretch rotary embeddings, ...)
     */
    public static ModelConfig of(GgufMetadata metadata) {
        String architecture = metadata.requiredString("general.architecture");
        if (!ARCHITECTURES.contains(architecture)) {
            throw new GgufException(
                    "metadata key 'general.architecture': expected llama (Llama, Mistral, TinyLlama, SmolLM), qwen2 or qwen3,"
                            + " found '" + architecture.substring(0, Math.min(40, architecture.length())) + "'");
        }
        String a = architecture + ".";
        refuseUnsupported(metadata, a);
        int dimension = metadata.requiredInt(a + "embedding_length", 1, 1 << 16);
        int heads = metadata.requiredInt(a + "attention.head_count", 1, 1 << 10);
        if (dimension % heads != 0 && !metadata.has(a + "attention.key_length")) {
            throw new GgufException(
                    "metadata key '" + a + "attention.head_count': expected a divisor of the embedding length "
                            + dimension + ", found " + heads);
        }
        int headDimension =
                metadata.optionalInt(a + "attention.key_length", Math.max(1, dimension / heads), 1, 1 << 10);
        int valueDimension = metadata.optionalInt(a + "attention.value_length", headDimension, 1, 1 << 10);
        if (valueDimension != headDimension) {
            throw new GgufException("metadata key '" + a + "attention.value_length': expected the key length "
                    + headDimension + ", found " + valueDimension);
        }
        int contextLength = metadata.requiredInt(a + "context_length", 1, 1 << 24);
        return new ModelConfig(
                architecture,
                dimension,
                metadata.requiredInt(a + "block_count", 1, 1 << 10),
                heads,
                metadata.optionalInt(a + "attention.head_count_kv", heads, 1, heads),
                headDimension,
                metadata.requiredInt(a + "feed_forward_length", 1, 1 << 20),
                vocabulary(metadata, a),
                contextLength,
                metadata.optionalFloat(a + "rope.freq_base", 10_000f, 1f, 1e12f),
                metadata.optionalInt(a + "rope.dimension_count", headDimension, 2, headDimension),
                !architecture.equals("llama"),
                ropeScaling(metadata, a, contextLength),
                metadata.requiredFloat(a + "attention.layer_norm_rms_epsilon", 1e-12f, 1f),
                architecture.equals("qwen3"),
                metadata.optionalInt(a + "attention.sliding_window", 0, 0, 1 << 24));
    }

    private static int vocabulary(GgufMetadata metadata, String a) {
        List<String> tokens = metadata.strings("tokenizer.ggml.tokens");
        if (tokens.isEmpty()) {
            return metadata.requiredInt(a + "vocab_size", 1, MOST_TOKENS);
        }
        if (tokens.size() > MOST_TOKENS) {
            throw new GgufException("metadata key 'tokenizer.ggml.tokens': expected at most " + MOST_TOKENS
                    + " tokens, found " + tokens.size());
        }
        return tokens.size();
    }

    private static void refuseUnsupported(GgufMetadata metadata, String a) {
        int experts = metadata.optionalInt(a + "expert_count", 0, 0, Integer.MAX_VALUE);
        if (experts > 0) {
            throw new GgufException(
                    "metadata key '" + a + "expert_count': expected 0 (no mixture of experts), found " + experts);
        }
        for (String key : UNSUPPORTED) {
            float value = metadata.optionalFloat(a + key, 0f, -Float.MAX_VALUE, Float.MAX_VALUE);
            if (value != 0f) {
                throw new GgufException("metadata key '" + a + key + "': expected none, found " + value);
            }
        }
        if (metadata.has(a + "attention.sliding_window_pattern")) {
            throw new GgufException("metadata key '" + a
                    + "attention.sliding_window_pattern': expected one window for all blocks, found a pattern");
        }
    }

    private static RotaryScaling ropeScaling(GgufMetadata metadata, String a, int contextLength) {
        String prefix = a + "rope.scaling.";
        float old = metadata.optionalFloat(a + "rope.scale_linear", 0f, 0f, 1e6f);
        float given = metadata.optionalFloat(prefix + "factor", old, 0f, 1e6f);
        // a factor of 0 is llama.cpp's way to say that there is none, and a factor without a type is linear
        float factor = given == 0f ? 1f : given;
        String type = metadata.optionalString(prefix + "type").orElse("linear");
        float attentionFactor = metadata.optionalFloat(prefix + "attn_factor", 1f, 1e-3f, 1e3f);
        return switch (type) {
            case "none" -> plain(prefix, attentionFactor, new RotaryScaling.None());
            case "linear" ->
                plain(
                        prefix,
                        attentionFactor,
                        factor == 1f ? new RotaryScaling.None() : new RotaryScaling.Linear(factor));
            case "yarn" ->
                new RotaryScaling.Yarn(
                        factor,
                        metadata.optionalInt(prefix + "original_context_length", contextLength, 1, 1 << 24),
                        attentionFactor,
                        metadata.optionalFloat(prefix + "yarn_beta_fast", 32f, 1e-3f, 1e6f),
                        metadata.optionalFloat(prefix + "yarn_beta_slow", 1f, 1e-3f, 1e6f));
            default ->
                throw new GgufException("metadata key '" + prefix + "type': expected none, linear or yarn, found '"
                        + type.substring(0, Math.min(40, type.length())) + "'");
        };
    }

    private static RotaryScaling plain(String prefix, float attentionFactor, RotaryScaling scaling) {
        if (attentionFactor != 1f) {
            throw new GgufException(
                    "metadata key '" + prefix + "attn_factor': expected 1 without yarn, found " + attentionFactor);
        }
        return scaling;
    }
}
