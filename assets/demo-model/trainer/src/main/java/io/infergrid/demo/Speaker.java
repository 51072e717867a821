package io.infergrid.demo;

import java.util.Map;
import java.util.TreeMap;

/**
 * The same model in plain Java, one token at a time with a key and value cache: what samples are drawn with, and an
 * independent check of the libtorch graph.
 */
final class Speaker {
    private final LlamaShape shape;
    private final Map<String, float[]> tensors = new TreeMap<>();
    private final float[][] keys; // [block][position * kvDimension]
    private final float[][] values;
    private int position;

    Speaker(Weights weights) {
        shape = weights.shape();
        weights.tensors().forEach(tensor -> tensors.put(tensor.name(), weights.copyOf(tensor)));
        keys = new float[shape.blocks()][shape.context() * shape.kvDimension()];
        values = new float[shape.blocks()][shape.context() * shape.kvDimension()];
    }

    /** Greedy continuation until the end token, at most {@code limit} tokens. */
    String answer(BytePairs vocabulary, String prompt, int limit) {
        position = 0;
        float[] logits = new float[0];
        for (int token : vocabulary.encode(prompt)) {
            logits = accept(token);
        }
        int end = vocabulary.id(Corpus.END);
        var said = new int[limit];
        int count = 0;
        while (count < limit && position < shape.context()) {
            int best = best(logits);
            said[count++] = best;
            if (best == end) {
                break;
            }
            logits = accept(best);
        }
        return vocabulary.decode(java.util.Arrays.copyOf(said, count));
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Reads one token and returns the logits of the next. */
    float[] accept(int token) {
        int dim = shape.dimension();
        var x = new float[dim];
        System.arraycopy(tensor("token_embd"), token * dim, x, 0, dim);
        for (int block = 0; block < shape.blocks(); block++) {
            var prefix = "blk." + block + ".";
            add(x, product(prefix + "attn_output", attend(block, norm(x, prefix + "attn_norm"))));
            var h = norm(x, prefix + "ffn_norm");
            var gate = product(prefix + "ffn_gate", h);
            var up = product(prefix + "ffn_up", h);
            for (int i = 0; i < gate.length; i++) {
                gate[i] = (float) (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
            }
            add(x, product(prefix + "ffn_down", gate));
        }
        position++;
        return product("token_embd", norm(x, "output_norm"));
    }

    private float[] attend(int block, float[] x) {
        var prefix = "blk." + block + ".";
        int head = shape.headDimension();
        int kv = shape.kvDimension();
        var q = turn(product(prefix + "attn_q", x));
        System.arraycopy(turn(product(prefix + "attn_k", x)), 0, keys[block], position * kv, kv);
        System.arraycopy(product(prefix + "attn_v", x), 0, values[block], position * kv, kv);
        var mixed = new float[shape.dimension()];
        for (int h = 0; h < shape.heads(); h++) {
            int from = h / (shape.heads() / shape.kvHeads()) * head;
            var scores = new double[position + 1];
            double greatest = Double.NEGATIVE_INFINITY;
            for (int t = 0; t <= position; t++) {
                for (int i = 0; i < head; i++) {
                    scores[t] += q[h * head + i] * keys[block][t * kv + from + i];
                }
                scores[t] /= Math.sqrt(head);
                greatest = Math.max(greatest, scores[t]);
            }
            double sum = 0;
            for (int t = 0; t <= position; t++) {
                scores[t] = Math.exp(scores[t] - greatest);
                sum += scores[t];
            }
            for (int t = 0; t <= position; t++) {
                for (int i = 0; i < head; i++) {
                    mixed[h * head + i] += (float) (scores[t] / sum * values[block][t * kv + from + i]);
                }
            }
        }
        return mixed;
    }

    private float[] turn(float[] x) {
        int head = shape.headDimension();
        for (int i = 0; i < x.length; i += 2) {
            double angle = position * Math.pow(LlamaShape.ROPE_BASE, -(double) (i % head) / head);
            float a = x[i];
            float b = x[i + 1];
            x[i] = (float) (a * Math.cos(angle) - b * Math.sin(angle));
            x[i + 1] = (float) (a * Math.sin(angle) + b * Math.cos(angle));
        }
        return x;
    }

    private float[] norm(float[] x, String name) {
        var weight = tensor(name);
        double sum = 0;
        for (float value : x) {
            sum += value * value;
        }
        double scale = 1 / Math.sqrt(sum / x.length + LlamaShape.NORM_EPSILON);
        var result = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = (float) (x[i] * scale * weight[i]);
        }
        return result;
    }

    private float[] product(String name, float[] x) {
        var matrix = tensor(name);
        var result = new float[matrix.length / x.length];
        for (int row = 0; row < result.length; row++) {
            float sum = 0;
            for (int i = 0; i < x.length; i++) {
                sum += matrix[row * x.length + i] * x[i];
            }
            result[row] = sum;
        }
        return result;
    }

    private static void add(float[] x, float[] more) {
        for (int i = 0; i < x.length; i++) {
            x[i] += more[i];
        }
    }

    private float[] tensor(String name) {
        var values = tensors.get(name + ".weight");
        if (values == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return values;
    }
}
