package io.infergrid.demo;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The Llama forward pass as a libtorch graph, and its gradients by libtorch's autograd.
 *
 * <p>Rotary positions turn neighbours (2i, 2i+1), which is how GGUF's llama architecture stores queries and keys, so the
 * export permutes nothing.
 *
 * <p>No product or power with a Java number: DJL frees the memory of such a constant at once, while libtorch still needs it for
 * the gradient. Constants are arrays of the step's manager.
 */
final class LlamaGraph implements AutoCloseable {
    private final LlamaShape shape;
    private final int begin;
    private final Engine engine = Engine.getEngine("PyTorch");
    private final NDManager root = engine.newBaseManager(Device.cpu());

    /** @param begin the token that opens a document, or -1 where a row is one document */
    LlamaGraph(LlamaShape shape, int begin) {
        this.shape = shape;
        this.begin = begin;
    }

    /**
     * Mean cross entropy of the next tokens, and its gradient.
     *
     * @param rows token ids, [batch][length + 1]
     * @param emphasis how much each next token counts, [batch * length]
     * @param gradient receives the gradient, flat like {@link Weights#values()}
     * @return nats per token
     */
    float lossAndGradient(Weights weights, int[][] rows, float[] emphasis, float[] gradient) {
        try (var step = root.newSubManager()) {
            var parameters = load(step, weights);
            parameters.values().forEach(p -> p.setRequiresGradient(true));
            try (var collector = engine.newGradientCollector()) {
                var loss = loss(step, parameters, rows, emphasis);
                collector.backward(loss);
                for (var tensor : weights.tensors()) {
                    var values = of(parameters, tensor.name()).getGradient().toFloatArray();
                    System.arraycopy(values, 0, gradient, tensor.offset(), values.length);
                }
                return loss.getFloat();
            }
        }
    }

    /** Mean cross entropy of the next tokens in nats, without gradients. */
    float loss(Weights weights, int[][] rows) {
        try (var step = root.newSubManager()) {
            var even = new float[rows.length * (rows[0].length - 1)];
            Arrays.fill(even, 1f);
            return loss(step, load(step, weights), rows, even).getFloat();
        }
    }

    /** Logits of every position of one sequence, [length][vocabulary]. */
    float[][] logits(Weights weights, int[] tokens) {
        try (var step = root.newSubManager()) {
            var flat = logits(step, load(step, weights), new int[][] {tokens}, tokens.length)
                    .toFloatArray();
            var rows = new float[tokens.length][shape.vocabulary()];
            for (int t = 0; t < tokens.length; t++) {
                System.arraycopy(flat, t * shape.vocabulary(), rows[t], 0, shape.vocabulary());
            }
            return rows;
        }
    }

    @Override
    public void close() {
        root.close();
    }

    private static Map<String, NDArray> load(NDManager step, Weights weights) {
        var parameters = new HashMap<String, NDArray>();
        for (var tensor : weights.tensors()) {
            var dimensions =
                    tensor.isMatrix() ? new Shape(tensor.rows(), tensor.columns()) : new Shape(tensor.columns());
            parameters.put(tensor.name(), step.create(weights.copyOf(tensor), dimensions));
        }
        return parameters;
    }

    private NDArray loss(NDManager step, Map<String, NDArray> parameters, int[][] rows, float[] emphasis) {
        int length = rows[0].length - 1;
        var targets = new long[rows.length * length];
        for (int b = 0; b < rows.length; b++) {
            for (int t = 0; t < length; t++) {
                targets[b * length + t] = rows[b][t + 1];
            }
        }
        var target = step.create(targets, new Shape(targets.length, 1));
        var logProbabilities = logits(step, parameters, rows, length).logSoftmax(-1);
        double sum = 0;
        for (float part : emphasis) {
            sum += part;
        }
        var parts = new float[emphasis.length];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = (float) (-emphasis[i] / sum);
        }
        return logProbabilities
                .gather(target, 1)
                .mul(step.create(parts, new Shape(parts.length, 1)))
                .sum();
    }

    // returns [batch * length][vocabulary]
    private NDArray logits(NDManager step, Map<String, NDArray> parameters, int[][] rows, int length) {
        int batch = rows.length;
        int dim = shape.dimension();
        var ids = new long[batch * length];
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < length; t++) {
                ids[b * length + t] = rows[b][t];
            }
        }
        var queryRope = new Rope(step, length, 1 / Math.sqrt(shape.headDimension()));
        var rope = new Rope(step, length, 1);
        var mask = mask(step, rows, length);
        var embedding = of(parameters, "token_embd.weight");
        var x = Embedding.embedding(step.create(ids), embedding, SparseFormat.DENSE)
                .singletonOrThrow()
                .reshape(batch * length, dim);
        for (int block = 0; block < shape.blocks(); block++) {
            var prefix = "blk." + block + ".";
            var attended = attention(
                    parameters,
                    prefix,
                    norm(x, of(parameters, prefix + "attn_norm.weight")),
                    queryRope,
                    rope,
                    mask,
                    batch,
                    length);
            x = x.add(attended);
            x = x.add(feedForward(parameters, prefix, norm(x, of(parameters, prefix + "ffn_norm.weight"))));
        }
        return linear(norm(x, of(parameters, "output_norm.weight")), embedding);
    }

    private NDArray attention(
            Map<String, NDArray> parameters,
            String prefix,
            NDArray x,
            Rope queryRope,
            Rope rope,
            NDArray mask,
            int batch,
            int length) {
        int head = shape.headDimension();
        int kv = shape.kvHeads();
        int group = shape.heads() / kv;
        // the attention's 1 / sqrt(head) rides on the rotation of the queries
        var q = queryRope.turn(
                linear(x, of(parameters, prefix + "attn_q.weight")).reshape(batch, length, shape.heads(), head));
        var k = rope.turn(linear(x, of(parameters, prefix + "attn_k.weight")).reshape(batch, length, kv, head));
        var v = linear(x, of(parameters, prefix + "attn_v.weight")).reshape(batch, length, kv, head);
        // q: [batch][kv][group * length][head], so that one product serves all queries of a key head
        var queries = q.transpose(0, 2, 1, 3).reshape(batch, kv, (long) group * length, head);
        var scores = queries.matMul(k.transpose(0, 2, 3, 1));
        var masked = scores.reshape(batch, kv, group, length, length).add(mask);
        var weights = masked.softmax(-1).reshape(batch, kv, (long) group * length, length);
        var mixed = weights.matMul(v.transpose(0, 2, 1, 3)).reshape(batch, shape.heads(), length, head);
        var merged = mixed.transpose(0, 2, 1, 3).reshape((long) batch * length, shape.dimension());
        return linear(merged, of(parameters, prefix + "attn_output.weight"));
    }

    private static NDArray feedForward(Map<String, NDArray> parameters, String prefix, NDArray x) {
        var gate = linear(x, of(parameters, prefix + "ffn_gate.weight"));
        var up = linear(x, of(parameters, prefix + "ffn_up.weight"));
        var silu = gate.mul(gate.getNDArrayInternal().sigmoid());
        return linear(silu.mul(up), of(parameters, prefix + "ffn_down.weight"));
    }

    private static NDArray norm(NDArray x, NDArray weight) {
        var size = x.square()
                .mean(new int[] {-1}, true)
                .add(LlamaShape.NORM_EPSILON)
                .sqrt();
        return x.div(size).mul(weight);
    }

    private static NDArray linear(NDArray x, NDArray weight) {
        return x.matMul(weight.transpose());
    }

    private static NDArray of(Map<String, NDArray> parameters, String name) {
        var parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalStateException("no tensor " + name);
        }
        return parameter;
    }

    // nobody sees the future, nor another document of the row: each begins with token begin
    private NDArray mask(NDManager step, int[][] rows, int length) {
        var mask = new float[rows.length * length * length];
        for (int b = 0; b < rows.length; b++) {
            int first = 0;
            for (int t = 0; t < length; t++) {
                if (rows[b][t] == begin) {
                    first = t;
                }
                int row = (b * length + t) * length;
                Arrays.fill(mask, row, row + first, -1e9f);
                Arrays.fill(mask, row + t + 1, row + length, -1e9f);
            }
        }
        return step.create(mask, new Shape(rows.length, 1, 1, length, length));
    }

    /** Rotations of neighbouring elements: x cos + (x R) sin, where R maps (a, b) to (-b, a). */
    private final class Rope {
        private final NDArray cos; // [1][length][1][head]
        private final NDArray sin;
        private final NDArray quarterTurn; // [head][head]

        Rope(NDManager step, int length, double factor) {
            int head = shape.headDimension();
            var cosines = new float[length * head];
            var sines = new float[length * head];
            var turn = new float[head * head];
            for (int i = 0; i < head; i += 2) {
                double frequency = Math.pow(LlamaShape.ROPE_BASE, -(double) i / head);
                for (int t = 0; t < length; t++) {
                    cosines[t * head + i] = cosines[t * head + i + 1] = (float) (factor * Math.cos(t * frequency));
                    sines[t * head + i] = sines[t * head + i + 1] = (float) (factor * Math.sin(t * frequency));
                }
                turn[(i + 1) * head + i] = -1f;
                turn[i * head + i + 1] = 1f;
            }
            cos = step.create(cosines, new Shape(1, length, 1, head));
            sin = step.create(sines, new Shape(1, length, 1, head));
            quarterTurn = step.create(turn, new Shape(head, head));
        }

        NDArray turn(NDArray x) {
            return x.mul(cos).add(x.matMul(quarterTurn).mul(sin));
        }
    }
}
