package io.infergrid.compute.engine;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.arithmetic.WeightRows;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one stage, found by their GGUF names and checked against the model's shape: what every backend starts
 * from. Matrices are as in the file, [rows][columns]; vectors (norm weights, biases, rotary factors) are widened to float.
 *
 * @param embedding [vocabulary][dimension], or null if the stage has no embedding
 * @param blocks one per block of the stage, in order
 * @param outputNorm [dimension], or null if the stage has no head
 * @param output [vocabulary][dimension], the embedding itself if the model ties them; null if the stage has no head
 * @param rotaryFactors [ropeDimensions / 2] or empty
 */
public record StageTensors(
        @Nullable GgufTensor embedding,
        List<Block> blocks,
        float @Nullable [] outputNorm,
        @Nullable GgufTensor output,
        float[] rotaryFactors) {

    private static final Pattern BLOCK_TENSOR = Pattern.compile("blk\\.([0-9]{1,6})\\.(.+)");

    private static final Set<String> KNOWN = Set.of(
            "attn_norm.weight",
            "attn_q.weight",
            "attn_q.bias",
            "attn_k.weight",
            "attn_k.bias",
            "attn_v.weight",
            "attn_v.bias",
            "attn_output.weight",
            "ffn_norm.weight",
            "ffn_gate.weight",
            "ffn_up.weight",
            "ffn_down.weight",
            // what rotary embeddings are computed from; old converters wrote it
            "attn_rot_embd.weight");

    /** What other architectures have before and after their blocks. */
    private static final Set<String> OUTSIDE_BLOCKS = Set.of(
            "output.bias",
            "output_norm.bias",
            "token_embd_norm.weight",
            "token_embd_norm.bias",
            "position_embd.weight",
            "rope_factors_long.weight",
            "rope_factors_short.weight");

    private static final Set<String> HEAD_NORMS = Set.of("attn_q_norm.weight", "attn_k_norm.weight");

    /**
     * One transformer block. The matrices of query, key and value have a bias in Qwen2; Qwen3 norms the heads of query and key.
     *
     * @param query [heads * headDimension][dimension]
     * @param key [kvHeads * headDimension][dimension]
     * @param value [kvHeads * headDimension][dimension]
     * @param queryNorm [headDimension], for every head alike; null if heads are not normed
     * @param keyNorm like {@code queryNorm}
     * @param attentionOutput [dimension][heads * headDimension]
     * @param gate [feedForward][dimension]
     * @param up [feedForward][dimension]
     * @param down [dimension][feedForward]
     */
    public record Block(
            float[] attentionNorm,
            GgufTensor query,
            float @Nullable [] queryBias,
            GgufTensor key,
            float @Nullable [] keyBias,
            GgufTensor value,
            float @Nullable [] valueBias,
            float @Nullable [] queryNorm,
            float @Nullable [] keyNorm,
            GgufTensor attentionOutput,
            float[] feedForwardNorm,
            GgufTensor gate,
            GgufTensor up,
            GgufTensor down) {}

    /**
     * The tensors as every backend computes with them.
     *
     * @throws GgufException if a tensor of the stage is missing, is of another shape than the model's, or a vector of it
     *     has an element that is not finite
     */
    public static StageTensors of(TensorSource model, ModelConfig config, StageSpec spec) {
        return of(model, config, spec, Set.of());
    }

    /**
     * The same with the matrices of some types as the F32 that they are: what the weights alone say, without the activations'
     * own rounding.
     *
     * @param expanded types of matrices that become F32
     */
    public static StageTensors of(TensorSource model, ModelConfig config, StageSpec spec, Set<TensorType> expanded) {
        if (spec.endBlock() > config.blocks()) {
            throw new GgufException("expected a stage within the model's " + config.blocks() + " blocks, found ["
                    + spec.firstBlock() + ", " + spec.endBlock() + ")");
        }
        refuseUnknown(model, config, spec);
        var find = new Finder(model, Set.copyOf(expanded));
        int dimension = config.dimension();
        int queryRows = config.heads() * config.headDimension();
        int kvRows = config.kvHeads() * config.headDimension();
        var blocks = new ArrayList<Block>();
        for (int i = spec.firstBlock(); i < spec.endBlock(); i++) {
            String name = "blk." + i + ".";
            blocks.add(new Block(
                    find.vector(name + "attn_norm.weight", dimension),
                    find.matrix(name + "attn_q.weight", queryRows, dimension),
                    find.optionalVector(name + "attn_q.bias", queryRows),
                    find.matrix(name + "attn_k.weight", kvRows, dimension),
                    find.optionalVector(name + "attn_k.bias", kvRows),
                    find.matrix(name + "attn_v.weight", kvRows, dimension),
                    find.optionalVector(name + "attn_v.bias", kvRows),
                    config.headNorms() ? find.vector(name + "attn_q_norm.weight", config.headDimension()) : null,
                    config.headNorms() ? find.vector(name + "attn_k_norm.weight", config.headDimension()) : null,
                    find.matrix(name + "attn_output.weight", dimension, queryRows),
                    find.vector(name + "ffn_norm.weight", dimension),
                    find.matrix(name + "ffn_gate.weight", config.feedForward(), dimension),
                    find.matrix(name + "ffn_up.weight", config.feedForward(), dimension),
                    find.matrix(name + "ffn_down.weight", dimension, config.feedForward())));
        }
        String output = model.find("output.weight").isPresent() ? "output.weight" : "token_embd.weight";
        return new StageTensors(
                spec.embedding() ? find.matrix("token_embd.weight", config.vocabulary(), dimension) : null,
                List.copyOf(blocks),
                spec.head() ? find.vector("output_norm.weight", dimension) : null,
                spec.head() ? find.matrix(output, config.vocabulary(), dimension) : null,
                rotaryFactors(find, config));
    }

    /** A tensor that the forward pass does not know would be left out of it, and the answers would be wrong. */
    private static void refuseUnknown(TensorSource model, ModelConfig config, StageSpec spec) {
        for (String name : model.tensorNames()) {
            Matcher block = BLOCK_TENSOR.matcher(name);
            boolean unknown = OUTSIDE_BLOCKS.contains(name);
            if (block.matches()) {
                int index = Integer.parseInt(block.group(1));
                String rest = block.group(2);
                boolean known = KNOWN.contains(rest) || (config.headNorms() && HEAD_NORMS.contains(rest));
                unknown = index >= spec.firstBlock() && index < spec.endBlock() && !known;
            }
            if (unknown) {
                throw new GgufException("tensor '" + name + "': expected no such tensor in a model of architecture "
                        + config.architecture() + ", found one");
            }
        }
    }

    private static float[] rotaryFactors(Finder find, ModelConfig config) {
        float[] factors = find.optionalVector("rope_freqs.weight", config.ropeDimensions() / 2);
        if (factors == null) {
            return new float[0];
        }
        for (float factor : factors) {
            if (factor <= 0) {
                throw new GgufException("tensor 'rope_freqs.weight': expected factors above 0, found " + factor);
            }
        }
        return factors;
    }

    /**
     * Reads a whole matrix or vector to see that every scale and element in it is finite: a NaN that came from a file would
     * make the stage's output depend on the device.
     *
     * @throws GgufException naming the tensor, the row and what was found
     */
    public static void requireFinite(GgufTensor tensor) {
        TensorType type = tensor.type();
        int[] halves = type.halves();
        int blocks = (int) (tensor.columns() / type.blockElements());
        MemorySegment data = tensor.data();
        long count = tensor.rows() * blocks;
        for (long i = 0; i < count; i++) {
            long at = i * type.blockBytes();
            boolean finite = type.quantised() || Float.isFinite(WeightRows.element(type, data, at, 0));
            for (int half : halves) {
                finite &= Float.isFinite(WeightRows.elementF16(data, at + half, 0));
            }
            if (!finite) {
                throw notFinite(tensor.name(), i / blocks);
            }
        }
    }

    /** The error for a weight that is infinite or not a number. */
    public static GgufException notFinite(String tensor, long row) {
        return new GgufException(
                "tensor '" + tensor + "': expected finite weights, found one that is not in row " + row);
    }

    /** Element {@code column} of row {@code row} of a tensor of any type, exactly. */
    public static float element(GgufTensor tensor, long row, int column) {
        long at = row * tensor.type().rowBytes(tensor.columns());
        return WeightRows.element(tensor.type(), tensor.data(), at, column);
    }

    private record Finder(TensorSource model, Set<TensorType> expanded) {

        GgufTensor matrix(String name, long rows, long columns) {
            GgufTensor matrix = checked(model.tensor(name), rows, columns);
            return expanded.contains(matrix.type()) ? matrix.asF32() : matrix;
        }

        float[] vector(String name, int length) {
            GgufTensor tensor = matrix(name, 1, length);
            requireFinite(tensor);
            var values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = Ig1.flush(element(tensor, 0, i));
            }
            return values;
        }

        float @Nullable [] optionalVector(String name, int length) {
            return model.find(name).isPresent() ? vector(name, length) : null;
        }

        private static GgufTensor checked(GgufTensor tensor, long rows, long columns) {
            if (tensor.rows() != rows || tensor.columns() != columns) {
                throw new GgufException("tensor '" + tensor.name() + "': expected " + rows + " rows of " + columns
                        + ", found " + tensor.rows() + " rows of " + tensor.columns());
            }
            return tensor;
        }
    }
}
