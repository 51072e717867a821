package io.infergrid.compute.conformance;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A Llama whose weights come from a seed: it says nothing sensible, but is computed like a real one. For conformance, for
 * benchmarks without a model file, and for tests. The weights are in native memory until the garbage collector finds the
 * model unused.
 */
public final class SeededModel implements TensorSource {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * The shape of a seeded model; names as in {@link io.infergrid.compute.model.ModelConfig}.
     *
     * @param architecture {@code llama} (neighbours rotate), {@code qwen2} (halves rotate, with biases) or {@code qwen3} (halves
     *     rotate, normed heads)
     * @param matrices type of the blocks' matrices and of the embedding
     * @param tied true if the output matrix is the embedding
     * @param slidingWindow positions that a position sees, 0 for all
     * @param ropeScaling {@code none}, {@code linear} or {@code yarn} by 4, or {@code half} where only half of each head is
     *     rotated
     */
    public record Shape(
            String architecture,
            int dimension,
            int blocks,
            int heads,
            int kvHeads,
            int headDimension,
            int feedForward,
            int vocabulary,
            int contextLength,
            TensorType matrices,
            boolean tied,
            int slidingWindow,
            String ropeScaling) {

        /** A shape that sees all positions and stretches none. */
        public Shape(
                String architecture,
                int dimension,
                int blocks,
                int heads,
                int kvHeads,
                int headDimension,
                int feedForward,
                int vocabulary,
                int contextLength,
                TensorType matrices,
                boolean tied) {
            this(
                    architecture,
                    dimension,
                    blocks,
                    heads,
                    kvHeads,
                    headDimension,
                    feedForward,
                    vocabulary,
                    contextLength,
                    matrices,
                    tied,
                    0,
                    "none");
        }

        /** A quarter of a million weights, for a whole model in a fraction of a second; rows fit the type's blocks. */
        public static Shape tiny(TensorType matrices) {
            if (matrices.blockElements() > 32) {
                return new Shape("llama", 256, 2, 4, 2, 64, 512, 512, 256, matrices, true);
            }
            return new Shape("llama", 128, 2, 4, 2, 32, 352, 512, 256, matrices, true);
        }

        /** The shape of Llama 3.2 1B with a vocabulary of 102 400 tokens. */
        public static Shape oneBillion(TensorType matrices) {
            return new Shape("llama", 2048, 16, 32, 8, 64, 8192, 102_400, 4096, matrices, true);
        }
    }

    private final GgufMetadata metadata;
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    private final Arena arena = Arena.ofAuto();
    private final SeededRandom random;

    private SeededModel(Shape shape, long seed) {
        random = new SeededRandom(seed);
        metadata = metadata(shape);
        int queryRows = shape.heads() * shape.headDimension();
        int kvRows = shape.kvHeads() * shape.headDimension();
        boolean biased = shape.architecture().equals("qwen2");
        matrix("token_embd.weight", shape.matrices(), shape.vocabulary(), shape.dimension(), 1);
        for (int i = 0; i < shape.blocks(); i++) {
            String name = "blk." + i + ".";
            vector(name + "attn_norm.weight", shape.dimension(), 1f);
            matrix(name + "attn_q.weight", shape.matrices(), queryRows, shape.dimension(), 2);
            matrix(name + "attn_k.weight", shape.matrices(), kvRows, shape.dimension(), 2);
            matrix(name + "attn_v.weight", shape.matrices(), kvRows, shape.dimension(), 1);
            if (biased) {
                vector(name + "attn_q.bias", queryRows, 0f);
                vector(name + "attn_k.bias", kvRows, 0f);
                vector(name + "attn_v.bias", kvRows, 0f);
            }
            if (shape.architecture().equals("qwen3")) {
                vector(name + "attn_q_norm.weight", shape.headDimension(), 1f);
                vector(name + "attn_k_norm.weight", shape.headDimension(), 1f);
            }
            matrix(name + "attn_output.weight", shape.matrices(), shape.dimension(), queryRows, 1);
            vector(name + "ffn_norm.weight", shape.dimension(), 1f);
            matrix(name + "ffn_gate.weight", shape.matrices(), shape.feedForward(), shape.dimension(), 1);
            matrix(name + "ffn_up.weight", shape.matrices(), shape.feedForward(), shape.dimension(), 1);
            matrix(name + "ffn_down.weight", shape.matrices(), shape.dimension(), shape.feedForward(), 1);
        }
        vector("output_norm.weight", shape.dimension(), 1f);
        if (!shape.tied()) {
            matrix("output.weight", shape.matrices(), shape.vocabulary(), shape.dimension(), 1);
        }
    }

    public static SeededModel of(Shape shape, long seed) {
        return new SeededModel(shape, seed);
    }

    private static GgufMetadata metadata(Shape shape) {
        String a = shape.architecture() + ".";
        var builder = GgufMetadata.builder();
        if (shape.slidingWindow() > 0) {
            builder.uint32(a + "attention.sliding_window", shape.slidingWindow());
        }
        if (shape.ropeScaling().equals("half")) {
            builder.uint32(a + "rope.dimension_count", shape.headDimension() / 4 * 2);
        } else if (!shape.ropeScaling().equals("none")) {
            builder.string(a + "rope.scaling.type", shape.ropeScaling())
                    .float32(a + "rope.scaling.factor", 4f)
                    .uint32(a + "rope.scaling.original_context_length", Math.max(1, shape.contextLength() / 4));
        }
        return builder.string("general.architecture", shape.architecture())
                .uint32(a + "embedding_length", shape.dimension())
                .uint32(a + "block_count", shape.blocks())
                .uint32(a + "attention.head_count", shape.heads())
                .uint32(a + "attention.head_count_kv", shape.kvHeads())
                .uint32(a + "attention.key_length", shape.headDimension())
                .uint32(a + "attention.value_length", shape.headDimension())
                .uint32(a + "feed_forward_length", shape.feedForward())
                .uint32(a + "vocab_size", shape.vocabulary())
                .uint32(a + "context_length", shape.contextLength())
                .float32(a + "rope.freq_base", 10_000f)
                .float32(a + "attention.layer_norm_rms_epsilon", 1e-5f)
                .build();
    }

    /** Weights around 0 of such a size that a product with a vector of size 1 has size {@code gain}. */
    private void matrix(String name, TensorType type, int rows, int columns, float gain) {
        long rowBytes = type.rowBytes(columns);
        MemorySegment data = arena.allocate(rows * rowBytes, 16);
        float size = gain * Ig1.rsqrt(columns);
        switch (type) {
            case F16 -> {
                for (long at = 0; at < data.byteSize(); at += 2) {
                    data.set(SHORT, at, Ig1.toHalf(random.nextFloat() * size * 1.7f));
                }
            }
            case BF16 -> {
                for (long at = 0; at < data.byteSize(); at += 2) {
                    data.set(SHORT, at, (short) (Float.floatToRawIntBits(random.nextFloat() * size * 1.7f) >>> 16));
                }
            }
            case F32 -> {
                for (long at = 0; at < data.byteSize(); at += 4) {
                    data.set(FLOAT, at, random.nextFloat() * size * 1.7f);
                }
            }
            default -> fillBlocks(data, type, size / spread(type));
        }
        tensors.put(name, new GgufTensor(name, type, columns, rows, data.asReadOnly()));
    }

    /** The size of weights of arbitrary bytes with a scale of 1 and the offset of {@link #centre}. */
    private static float spread(TensorType type) {
        return switch (type) {
            case Q8_0 -> 73f;
            case Q4_0, Q4_1 -> 4.6f;
            case Q5_0, Q5_1 -> 9.2f;
            case IQ4_NL -> 70f;
            case IQ4_XS -> 1300f;
            case Q2_K -> 14f;
            case Q3_K -> 43f;
            case Q4_K -> 255f;
            case Q5_K -> 520f;
            case Q6_K -> 1365f;
            case F32, F16, BF16 -> throw new IllegalArgumentException("expected a type with blocks, found " + type);
        };
    }

    /** The second half of a block for each of its scale, where it has one: so that weights lie around 0. */
    private static float centre(TensorType type) {
        return switch (type) {
            case Q4_1 -> -7.5f;
            case Q5_1 -> -15.5f;
            case Q2_K -> 1.5f;
            case Q4_K -> 7.5f;
            case Q5_K -> 15.5f;
            default -> 0f;
        };
    }

    /** Random bytes, and scales around {@code scale}. */
    private void fillBlocks(MemorySegment data, TensorType type, float scale) {
        int[] halves = type.halves();
        int start = halves[0] == 0 ? 2 * halves.length : 0;
        for (long at = 0; at < data.byteSize(); at += type.blockBytes()) {
            float spread = 1f + 0.25f * random.nextFloat();
            for (int i = start; i < type.blockBytes(); i += 8) {
                long bits = random.nextLong();
                for (int k = 0; k < Math.min(8, type.blockBytes() - i); k++) {
                    data.set(ValueLayout.JAVA_BYTE, at + i + k, (byte) (bits >>> 8 * k));
                }
            }
            data.set(SHORT, at + halves[0], Ig1.toHalf(scale * spread));
            if (halves.length > 1) {
                data.set(SHORT, at + halves[1], Ig1.toHalf(scale * spread * centre(type)));
            }
        }
    }

    private void vector(String name, int length, float around) {
        MemorySegment data = arena.allocate(4L * length, 16);
        for (int i = 0; i < length; i++) {
            data.set(FLOAT, 4L * i, around + 0.125f * random.nextFloat());
        }
        tensors.put(name, new GgufTensor(name, TensorType.F32, length, 1, data.asReadOnly()));
    }

    @Override
    public GgufMetadata metadata() {
        return metadata;
    }

    @Override
    public Set<String> tensorNames() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public Optional<GgufTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }
}
