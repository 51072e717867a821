package io.infergrid.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** The model's tensors under their GGUF names, in GGUF's order of rows, in one flat array that the optimiser walks. */
final class Weights {
    /**
     * One tensor inside {@link #values}.
     *
     * @param name GGUF name
     * @param offset first element in the flat array
     * @param rows outputs of a matrix, 1 for a vector
     * @param columns inputs of a matrix, length of a vector
     */
    record Tensor(String name, int offset, int rows, int columns) {
        int size() {
            return rows * columns;
        }

        boolean isMatrix() {
            return rows > 1;
        }
    }

    private final LlamaShape shape;
    private final List<Tensor> tensors;
    private final float[] values;

    private Weights(LlamaShape shape) {
        this.shape = shape;
        this.tensors = layout(shape);
        var last = tensors.getLast();
        this.values = new float[last.offset() + last.size()];
    }

    /** Normal(0, 0.02) matrices, those that write into the residual stream scaled down by sqrt(2 blocks), norms at one. */
    static Weights initial(LlamaShape shape, RandomGenerator random) {
        var weights = new Weights(shape);
        for (var tensor : weights.tensors) {
            boolean writesResidual =
                    tensor.name().contains("attn_output") || tensor.name().contains("ffn_down");
            double deviation = writesResidual ? 0.02 / Math.sqrt(2.0 * shape.blocks()) : 0.02;
            for (int i = 0; i < tensor.size(); i++) {
                weights.values[tensor.offset() + i] =
                        tensor.isMatrix() ? (float) (random.nextGaussian() * deviation) : 1f;
            }
        }
        return weights;
    }

    static Weights zeros(LlamaShape shape) {
        return new Weights(shape);
    }

    LlamaShape shape() {
        return shape;
    }

    List<Tensor> tensors() {
        return tensors;
    }

    float[] values() {
        return values;
    }

    float[] copyOf(Tensor tensor) {
        var copy = new float[tensor.size()];
        System.arraycopy(values, tensor.offset(), copy, 0, copy.length);
        return copy;
    }

    private static List<Tensor> layout(LlamaShape shape) {
        var tensors = new ArrayList<Tensor>();
        int dim = shape.dimension();
        add(tensors, "token_embd.weight", shape.vocabulary(), dim);
        for (int block = 0; block < shape.blocks(); block++) {
            var prefix = "blk." + block + ".";
            add(tensors, prefix + "attn_norm.weight", 1, dim);
            add(tensors, prefix + "attn_q.weight", dim, dim);
            add(tensors, prefix + "attn_k.weight", shape.kvDimension(), dim);
            add(tensors, prefix + "attn_v.weight", shape.kvDimension(), dim);
            add(tensors, prefix + "attn_output.weight", dim, dim);
            add(tensors, prefix + "ffn_norm.weight", 1, dim);
            add(tensors, prefix + "ffn_gate.weight", shape.feedForward(), dim);
            add(tensors, prefix + "ffn_up.weight", shape.feedForward(), dim);
            add(tensors, prefix + "ffn_down.weight", dim, shape.feedForward());
        }
        add(tensors, "output_norm.weight", 1, dim);
        return List.copyOf(tensors);
    }

    private static void add(List<Tensor> tensors, String name, int rows, int columns) {
        int offset = tensors.isEmpty()
                ? 0
                : tensors.getLast().offset() + tensors.getLast().size();
        tensors.add(new Tensor(name, offset, rows, columns));
    }
}
