package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.GgufWriter.Declaration;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Llama models with seeded random weights: for speed it does not matter what a model says. The same shape, type and seed give
 * the same file.
 */
public final class RandomLlama {

    /**
     * A shape.
     *
     * @param vocabulary tokens, at least 262: 256 bytes, 3 control tokens and some merges
     * @param tied whether the output matrix is the embedding
     */
    public record Shape(
            String name,
            int dimension,
            int blocks,
            int heads,
            int kvHeads,
            int feedForward,
            int vocabulary,
            int contextLength,
            boolean tied) {

        /** That of Llama 3.2 1B with a vocabulary of 102 400: 1.18 billion weights. */
        public static final Shape ONE_BILLION = new Shape("1b", 2048, 16, 32, 8, 8192, 102_400, 8192, true);

        /** That of Llama 2 70B. */
        public static final Shape LLAMA_2_70B = new Shape("llama-2-70b", 8192, 80, 64, 8, 28_672, 32_000, 4096, false);

        /** That of Llama 3 8B. */
        public static final Shape LLAMA_3_8B = new Shape("llama-3-8b", 4096, 32, 32, 8, 14_336, 128_256, 8192, false);

        /** That of Llama 3 70B. */
        public static final Shape LLAMA_3_70B = new Shape("llama-3-70b", 8192, 80, 64, 8, 28_672, 128_256, 8192, false);

        /** A few megabytes, for tests. */
        public static final Shape TINY = new Shape("tiny", 64, 2, 4, 2, 192, 512, 512, false);

        /** Larger than a cache, smaller than a coffee. */
        public static final Shape SMALL = new Shape("small", 512, 8, 8, 4, 1408, 8192, 2048, true);

        /**
         * @throws IllegalArgumentException if there is no shape of this name
         */
        public static Shape named(String name) {
            var shapes = List.of(ONE_BILLION, SMALL, TINY, LLAMA_3_8B, LLAMA_3_70B, LLAMA_2_70B);
            for (Shape shape : shapes) {
                if (shape.name.equals(name.toLowerCase(Locale.ROOT))) {
                    return shape;
                }
            }
            throw new IllegalArgumentException("expected a shape among "
                    + shapes.stream().map(Shape::name).collect(Collectors.joining(", ")) + ", found '" + name + "'");
        }
    }

    private RandomLlama() {}

    /** Writes the model to {@code target}, all matrices of one type (F16 where its blocks do not divide a row). */
    public static void write(Path target, Shape shape, TensorType type, long seed) throws IOException {
        write(target, shape, TypeChoice.plain(type), seed, Progress.NONE);
    }

    /**
     * Writes the model to {@code target}. An interrupt of the thread ends it.
     *
     * @param pure whether all matrices are of one type; else they have the types of published files
     */
    public static void write(Path target, Shape shape, FileType type, boolean pure, long seed, Progress progress)
            throws IOException {
        TypeChoice choice = pure ? TypeChoice.plain(type.matrices()) : published(shape, type);
        write(target, shape, choice, seed, progress);
    }

    /** The header of the file that {@link #write} would make, with the types of published files: enough to plan with. */
    public static GgufHeader header(Shape shape, FileType type) {
        TypeChoice choice = published(shape, type);
        return GgufWriter.header(metadata(shape, choice), declarations(shape, choice));
    }

    private static TypeChoice published(Shape shape, FileType type) {
        return new TypeChoice.Published(type, shape.blocks, shape.heads / shape.kvHeads, shape.tied);
    }

    private static void write(Path target, Shape shape, TypeChoice choice, long seed, Progress progress)
            throws IOException {
        List<Declaration> declarations = declarations(shape, choice);
        try (var writer = GgufWriter.create(target, metadata(shape, choice), declarations);
                var rows = new RowPipeline(writer, progress)) {
            for (int t = 0; t < declarations.size(); t++) {
                Declaration declared = declarations.get(t);
                long columns = declared.dimensions().getFirst();
                if (declared.dimensions().size() == 1) {
                    rows.write(declared, RandomLlama::ones);
                } else {
                    var noise = new GaussianRows(seed, t, columns, spread(declared.name(), shape));
                    rows.write(declared, noise::read);
                }
            }
            writer.commit();
        }
    }

    private static void ones(long row, float[] target, int from) {
        Arrays.fill(target, 1f);
    }

    /** Standard deviations that keep the residual stream near unit size through all blocks, so that logits stay sane. */
    private static float spread(String name, Shape shape) {
        if (name.startsWith("token_embd") || name.startsWith("output")) {
            return (float) (2 / Math.sqrt(shape.dimension));
        }
        double fanIn = name.contains("ffn_down") ? shape.feedForward : shape.dimension;
        boolean intoResidual = name.contains("ffn_down") || name.contains("attn_output");
        return (float) ((intoResidual ? 1 / Math.sqrt(2.0 * shape.blocks) : 1) / Math.sqrt(fanIn));
    }

    private static List<Declaration> declarations(Shape shape, TypeChoice choice) {
        int dimension = shape.dimension;
        int keyValue = dimension / shape.heads * shape.kvHeads;
        List<Declaration> all = new ArrayList<>();
        all.add(matrix("token_embd.weight", choice, dimension, shape.vocabulary));
        for (int b = 0; b < shape.blocks; b++) {
            String block = "blk." + b + ".";
            all.add(Declaration.vector(block + "attn_norm.weight", TensorType.F32, dimension));
            all.add(matrix(block + "attn_q.weight", choice, dimension, dimension));
            all.add(matrix(block + "attn_k.weight", choice, dimension, keyValue));
            all.add(matrix(block + "attn_v.weight", choice, dimension, keyValue));
            all.add(matrix(block + "attn_output.weight", choice, dimension, dimension));
            all.add(Declaration.vector(block + "ffn_norm.weight", TensorType.F32, dimension));
            all.add(matrix(block + "ffn_gate.weight", choice, dimension, shape.feedForward));
            all.add(matrix(block + "ffn_up.weight", choice, dimension, shape.feedForward));
            all.add(matrix(block + "ffn_down.weight", choice, shape.feedForward, dimension));
        }
        all.add(Declaration.vector("output_norm.weight", TensorType.F32, dimension));
        if (!shape.tied) {
            all.add(matrix("output.weight", choice, dimension, shape.vocabulary));
        }
        return all;
    }

    private static Declaration matrix(String name, TypeChoice choice, long columns, long rows) {
        return Declaration.matrix(name, choice.of(name, columns), columns, rows);
    }

    private static GgufMetadata metadata(Shape shape, TypeChoice choice) {
        var builder = GgufMetadata.builder()
                .string("general.architecture", "llama")
                .string("general.name", "random-llama-" + shape.name)
                .uint32("general.file_type", choice.fileType())
                .uint32("general.quantization_version", 2)
                .uint32("llama.block_count", shape.blocks)
                .uint32("llama.context_length", shape.contextLength)
                .uint32("llama.embedding_length", shape.dimension)
                .uint32("llama.feed_forward_length", shape.feedForward)
                .uint32("llama.attention.head_count", shape.heads)
                .uint32("llama.attention.head_count_kv", shape.kvHeads)
                .float32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .float32("llama.rope.freq_base", 500_000f)
                .uint32("llama.rope.dimension_count", shape.dimension / shape.heads)
                .uint32("llama.vocab_size", shape.vocabulary);
        SyntheticVocabulary.ofSize(shape.vocabulary).describe(builder);
        return builder.build();
    }
}
