package io.infergrid.compute.model;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.List;

/**
 * The shape of a Llama-family model, from a GGUF's metadata.
 *
 * @param architecture {@code general.architecture}: llama, qwen2, ...
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
 * @param normEpsilon added to the mean square in RMS norm
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
        float normEpsilon) {

    private static final int MOST_TOKENS = 1 << 20;

    public ModelConfig {
        if (heads % kvHeads != 0) {
            throw new GgufException(
                    "expected a number of key-value heads that divides " + heads + " heads, found " + kvHeads);
        }
        if (ropeDimensions % 2 != 0 || ropeDimensions > headDimension) {
            throw new GgufException("expected an even number of rotated elements of at most " + headDimension
                    + " of a head, found " + ropeDimensions);
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

    /**
     * Reads the shape of a model of architecture {@code llama} or {@code qwen2}; keys that may be missing have llama.cpp's
     * defaults.
     *
     * @throws GgufException if the architecture is another one, a key is missing or out of bounds, or asks for something that
     *     the engine does not compute (experts, scaled rotary embeddings)
     */
    public static ModelConfig of(GgufMetadata metadata) {
        String architecture = metadata.requiredString("general.architecture");
        if (!architecture.equals("llama") && !architecture.equals("qwen2")) {
            throw new GgufException("metadata key 'general.architecture': expected llama or qwen2, found '"
                    + architecture.substring(0, Math.min(40, architecture.length())) + "'");
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
        return new ModelConfig(
                architecture,
                dimension,
                metadata.requiredInt(a + "block_count", 1, 1 << 10),
                heads,
                metadata.optionalInt(a + "attention.head_count_kv", heads, 1, heads),
                headDimension,
                metadata.requiredInt(a + "feed_forward_length", 1, 1 << 20),
                vocabulary(metadata, a),
                metadata.requiredInt(a + "context_length", 1, 1 << 24),
                metadata.optionalFloat(a + "rope.freq_base", 10_000f, 1f, 1e12f),
                metadata.optionalInt(a + "rope.dimension_count", headDimension, 2, headDimension),
                architecture.equals("qwen2"),
                metadata.requiredFloat(a + "attention.layer_norm_rms_epsilon", 1e-12f, 1f));
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
        String scaling = metadata.optionalString(a + "rope.scaling.type").orElse("none");
        float factor = metadata.optionalFloat(a + "rope.scaling.factor", 1f, 0f, Float.MAX_VALUE);
        float linear = metadata.optionalFloat(a + "rope.scale_linear", 1f, 0f, Float.MAX_VALUE);
        // a factor of 0 is llama.cpp's way to say that there is none
        boolean scaled = !scaling.equals("none") && factor != 1f && factor != 0f;
        if (scaled || (linear != 1f && linear != 0f)) {
            throw new GgufException(
                    "metadata key '" + a + "rope.scaling.factor': expected no scaling of rotary positions, found "
                            + (scaled ? factor : linear));
        }
    }
}
