package io.infergrid.compute.cpu;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * A small model in memory with weights from a seed: Llama, Qwen2 with its biases or Qwen3 with its normed heads, of any shape and type of matrices. Some
 * weights are extreme on purpose: zero scales, subnormal scales, -128, vectors with tiny elements.
 */
record RandomModel(GgufMetadata metadata, Map<String, GgufTensor> tensors) implements TensorSource {

    record Shape(
            String architecture,
            int blocks,
            int heads,
            int kvHeads,
            int headDimension,
            int feedForward,
            int vocabulary,
            TensorType type,
            boolean tied,
            Extras extras) {

        Shape(
                String architecture,
                int blocks,
                int heads,
                int kvHeads,
                int headDimension,
                int feedForward,
                int vocabulary,
                TensorType type,
                boolean tied) {
            this(architecture, blocks, heads, kvHeads, headDimension, feedForward, vocabulary, type, tied, Extras.NONE);
        }

        int dimension() {
            return extras.dimension() == 0 ? heads * headDimension : extras.dimension();
        }
    }

    /**
     * What not every model has.
     *
     * @param dimension 0 for that of all heads together
     * @param window positions that a position sees, 0 for all
     * @param scaling none, linear or yarn
     * @param factors whether the file has rope_freqs
     */
    record Extras(int dimension, int window, String scaling, boolean factors) {
        static final Extras NONE = new Extras(0, 0, "none", false);
    }

    static RandomModel of(Shape shape, long seed) {
        var random = new Random(seed);
        // all of a head, or a part
        int rotated = seed % 3 == 0 ? Math.max(2, shape.headDimension() / 4 * 2) : shape.headDimension();
        String a = shape.architecture() + ".";
        var metadata = GgufMetadata.builder()
                .string("general.architecture", shape.architecture())
                .uint32(a + "embedding_length", shape.dimension())
                .uint32(a + "block_count", shape.blocks())
                .uint32(a + "attention.head_count", shape.heads())
                .uint32(a + "attention.head_count_kv", shape.kvHeads())
                .uint32(a + "feed_forward_length", shape.feedForward())
                .uint32(a + "vocab_size", shape.vocabulary())
                .uint32(a + "context_length", 512)
                .uint32(a + "attention.key_length", shape.headDimension())
                .uint32(a + "attention.value_length", shape.headDimension())
                .uint32(a + "attention.sliding_window", shape.extras().window())
                .uint32(a + "rope.dimension_count", rotated)
                .string(a + "rope.scaling.type", shape.extras().scaling())
                .float32(a + "rope.scaling.factor", 3f)
                .uint32(a + "rope.scaling.original_context_length", 64)
                .float32(a + "attention.layer_norm_rms_epsilon", 1e-5f)
                .build();
        var tensors = new LinkedHashMap<String, GgufTensor>();
        int dimension = shape.dimension();
        int kv = shape.kvHeads() * shape.headDimension();
        int queries = shape.heads() * shape.headDimension();
        if (shape.extras().factors()) {
            add(tensors, rotaryFactors(rotated / 2, random));
        }
        add(tensors, tensor("token_embd.weight", shape.type(), shape.vocabulary(), dimension, random));
        for (int b = 0; b < shape.blocks(); b++) {
            String name = "blk." + b + ".";
            add(tensors, tensor(name + "attn_norm.weight", TensorType.F32, 1, dimension, random));
            add(tensors, tensor(name + "attn_q.weight", shape.type(), queries, dimension, random));
            add(tensors, tensor(name + "attn_k.weight", shape.type(), kv, dimension, random));
            add(tensors, tensor(name + "attn_v.weight", shape.type(), kv, dimension, random));
            if (shape.architecture().equals("qwen2")) {
                add(tensors, tensor(name + "attn_q.bias", TensorType.F32, 1, queries, random));
                add(tensors, tensor(name + "attn_k.bias", TensorType.F32, 1, kv, random));
                add(tensors, tensor(name + "attn_v.bias", TensorType.F32, 1, kv, random));
            }
            if (shape.architecture().equals("qwen3")) {
                add(tensors, tensor(name + "attn_q_norm.weight", TensorType.F32, 1, shape.headDimension(), random));
                add(tensors, tensor(name + "attn_k_norm.weight", TensorType.F32, 1, shape.headDimension(), random));
            }
            add(tensors, tensor(name + "attn_output.weight", shape.type(), dimension, queries, random));
            add(tensors, tensor(name + "ffn_norm.weight", TensorType.F32, 1, dimension, random));
            add(tensors, tensor(name + "ffn_gate.weight", shape.type(), shape.feedForward(), dimension, random));
            add(tensors, tensor(name + "ffn_up.weight", shape.type(), shape.feedForward(), dimension, random));
            add(tensors, tensor(name + "ffn_down.weight", shape.type(), dimension, shape.feedForward(), random));
        }
        add(tensors, tensor("output_norm.weight", TensorType.F32, 1, dimension, random));
        if (!shape.tied()) {
            add(tensors, tensor("output.weight", shape.type(), shape.vocabulary(), dimension, random));
        }
        return new RandomModel(metadata, tensors);
    }

    private static void add(Map<String, GgufTensor> tensors, GgufTensor tensor) {
        tensors.put(tensor.name(), tensor);
    }

    private static GgufTensor rotaryFactors(int pairs, Random random) {
        var data = MemorySegment.ofArray(new byte[4 * pairs]);
        for (int i = 0; i < pairs; i++) {
            data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, 1f + 7f * random.nextFloat());
        }
        return new GgufTensor("rope_freqs.weight", TensorType.F32, pairs, 1, data);
    }

    /** A tensor of a type, or of Q8_0 where rows are not whole blocks of the type: that makes a mixed file. */
    static GgufTensor tensor(String name, TensorType wanted, int rows, int columns, Random random) {
        TensorType type = columns % wanted.blockElements() == 0 ? wanted : TensorType.Q8_0;
        var data = MemorySegment.ofArray(new byte[(int) (rows * type.rowBytes(columns))]);
        float deviation = (float) (1 / Math.sqrt(columns));
        for (long at = 0; at < data.byteSize(); at += type.blockBytes()) {
            switch (type) {
                case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, plain(random, rows == 1 ? 1f : deviation));
                case F16 ->
                    data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(plain(random, deviation)));
                case BF16 ->
                    data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short)
                            (Float.floatToIntBits(plain(random, deviation)) >> 16));
                default -> {
                    for (int i = 0; i < type.blockBytes(); i++) {
                        data.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
                    }
                    for (int half : type.halves()) {
                        data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + half, scale(random, deviation / range(type)));
                    }
                }
            }
        }
        return new GgufTensor(name, type, columns, rows, data);
    }

    /** What the integers of a type reach, about: of weights and their factors. */
    private static int range(TensorType type) {
        return switch (type) {
            case Q8_0, IQ4_NL -> 64;
            case Q5_0, Q5_1 -> 16;
            case Q2_K -> 24;
            case Q3_K -> 64;
            case Q4_K, Q5_K -> 500;
            case Q6_K, IQ4_XS -> 2000;
            default -> 4;
        };
    }

    private static float plain(Random random, float deviation) {
        return switch (random.nextInt(40)) {
            case 0 -> 0f;
            case 1 -> -0f;
            case 2 -> (float) random.nextGaussian() * 1e-37f;
            case 3 -> Float.MIN_VALUE * random.nextInt(100);
            case 4 -> (float) random.nextGaussian() * 8 * deviation;
            default -> (float) random.nextGaussian() * deviation;
        };
    }

    private static short scale(Random random, float size) {
        return switch (random.nextInt(30)) {
            case 0 -> 0;
            case 1 -> (short) (random.nextInt(0x400) | random.nextInt(2) << 15);
            case 2 -> Float.floatToFloat16(-size);
            default -> Float.floatToFloat16(size * (0.5f + random.nextFloat()));
        };
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
