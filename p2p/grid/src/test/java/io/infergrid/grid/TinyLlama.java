package io.infergrid.grid;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.GgufWriter.Declaration;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A Llama of 4 blocks with random weights, small enough for the naive reference. */
public final class TinyLlama {

    public static final int BLOCKS = 4;
    public static final int DIMENSION = 64;
    public static final int VOCABULARY = 96;
    public static final int CONTEXT = 256;
    private static final int FEED_FORWARD = 96;
    private static final int KV = 32;

    private TinyLlama() {}

    public static Path write(Path file) throws IOException {
        return write(file, VOCABULARY, false);
    }

    /**
     * @param vocabulary 16384 tokens make an embedding of 4 pieces
     * @param tied without an output matrix of its own
     */
    public static Path write(Path file, int vocabulary, boolean tied) throws IOException {
        var tensors = new ArrayList<Declaration>();
        tensors.add(matrix("token_embd.weight", DIMENSION, vocabulary));
        for (int b = 0; b < BLOCKS; b++) {
            String name = "blk." + b + ".";
            tensors.add(Declaration.vector(name + "attn_norm.weight", TensorType.F32, DIMENSION));
            tensors.add(matrix(name + "attn_q.weight", DIMENSION, DIMENSION));
            tensors.add(matrix(name + "attn_k.weight", DIMENSION, KV));
            tensors.add(matrix(name + "attn_v.weight", DIMENSION, KV));
            tensors.add(matrix(name + "attn_output.weight", DIMENSION, DIMENSION));
            tensors.add(Declaration.vector(name + "ffn_norm.weight", TensorType.F32, DIMENSION));
            tensors.add(matrix(name + "ffn_gate.weight", DIMENSION, FEED_FORWARD));
            tensors.add(matrix(name + "ffn_up.weight", DIMENSION, FEED_FORWARD));
            tensors.add(matrix(name + "ffn_down.weight", FEED_FORWARD, DIMENSION));
        }
        tensors.add(Declaration.vector("output_norm.weight", TensorType.F32, DIMENSION));
        if (!tied) {
            tensors.add(matrix("output.weight", DIMENSION, vocabulary));
        }
        tensors.add(Declaration.vector("rope_freqs.weight", TensorType.F32, 8));
        var random = new SplittableRandom(1);
        try (var writer = GgufWriter.create(file, metadata(vocabulary), tensors)) {
            for (Declaration tensor : tensors) {
                writer.append(data(tensor, random));
            }
            writer.commit();
        }
        return file;
    }

    private static Declaration matrix(String name, long columns, long rows) {
        return Declaration.matrix(name, TensorType.F32, columns, rows);
    }

    private static ByteBuffer data(Declaration tensor, SplittableRandom random) {
        long elements = 1;
        for (long n : tensor.dimensions()) {
            elements *= n;
        }
        var data = ByteBuffer.allocate(Math.toIntExact(4 * elements)).order(ByteOrder.LITTLE_ENDIAN);
        boolean vector = tensor.dimensions().size() == 1;
        while (data.hasRemaining()) {
            data.putFloat(vector ? 1f : (float) (random.nextDouble() - 0.5) * 0.5f);
        }
        return data.flip();
    }

    private static GgufMetadata metadata(int vocabulary) {
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < vocabulary; i++) {
            tokens.add("t" + i);
        }
        return GgufMetadata.builder()
                .string("general.architecture", "llama")
                .string("general.name", "tiny")
                .string("general.license", "Apache-2.0")
                .uint32("llama.block_count", BLOCKS)
                .uint32("llama.context_length", CONTEXT)
                .uint32("llama.embedding_length", DIMENSION)
                .uint32("llama.feed_forward_length", FEED_FORWARD)
                .uint32("llama.attention.head_count", 4)
                .uint32("llama.attention.head_count_kv", 2)
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .string("tokenizer.ggml.model", "llama")
                .strings("tokenizer.ggml.tokens", tokens)
                .build();
    }
}
