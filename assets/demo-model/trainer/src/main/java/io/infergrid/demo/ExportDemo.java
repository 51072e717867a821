package io.infergrid.demo;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.GgufWriter.Declaration;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.quantize.Quantizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Writes a checkpoint as GGUF. The training graph already turns neighbouring elements, as GGUF's llama architecture expects,
 * so rows keep their order. Embeddings are tied: there is no output matrix.
 */
@Command(name = "export", mixinStandardHelpOptions = true, description = "Writes a run's checkpoint as GGUF.")
final class ExportDemo implements Callable<Integer> {
    /** The layout of Phi-3, which llama.cpp recognises by its tokens. */
    static final String CHAT_TEMPLATE = "{{ bos_token }}{% for message in messages %}"
            + "{{ '<|' + message['role'] + '|>' + '\\n' + message['content'] + '<|end|>' + '\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|assistant|>' + '\\n' }}{% endif %}";

    private static final int CONTROL = 3;
    private static final int NORMAL = 1;

    @Option(names = "--run", required = true, description = "Folder of the run.")
    private Path run = Path.of(".");

    @Option(names = "--out", required = true, description = "The GGUF to write.")
    private Path out = Path.of("demo.gguf");

    @Option(names = "--type", description = "Type of the matrices: F32 or Q8_0 (default ${DEFAULT-VALUE}).")
    private TensorType type = TensorType.Q8_0;

    @Override
    public Integer call() throws IOException {
        var vocabulary = BytePairs.read(run.resolve("merges.txt"));
        var checkpoint = Checkpoint.read(run.resolve("checkpoint.bin"));
        write(checkpoint.weights(), vocabulary, type, out);
        System.out.println(out + ": " + Files.size(out) + " bytes, step " + checkpoint.step());
        return 0;
    }

    /** Writes all in F32 and lets the product's quantiser do the rest. */
    static void write(Weights weights, BytePairs vocabulary, TensorType type, Path out) throws IOException {
        var exact = out.resolveSibling(out.getFileName() + ".f32");
        try {
            writeExact(weights, vocabulary, exact);
            Quantizer.quantize(exact, out, type);
        } finally {
            Files.deleteIfExists(exact);
        }
    }

    private static void writeExact(Weights weights, BytePairs vocabulary, Path out) throws IOException {
        var declarations = weights.tensors().stream()
                .map(tensor -> tensor.isMatrix()
                        ? Declaration.matrix(tensor.name(), TensorType.F32, tensor.columns(), tensor.rows())
                        : Declaration.vector(tensor.name(), TensorType.F32, tensor.columns()))
                .toList();
        try (var writer = GgufWriter.create(out, metadata(weights.shape(), vocabulary), declarations)) {
            for (var tensor : weights.tensors()) {
                var values = weights.copyOf(tensor);
                var bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                writer.append(bytes);
            }
            writer.commit();
        }
    }

    private static GgufMetadata metadata(LlamaShape shape, BytePairs vocabulary) {
        int end = vocabulary.id(Corpus.END);
        return GgufMetadata.builder()
                .string("general.architecture", "llama")
                .string("general.type", "model")
                .string("general.name", "InferGrid demo")
                .string("general.description", "A very small model that tells short stories and explains InferGrid.")
                .string("general.license", "apache-2.0")
                .strings("general.languages", java.util.List.of("en"))
                .uint32("llama.vocab_size", shape.vocabulary())
                .uint32("llama.context_length", shape.context())
                .uint32("llama.embedding_length", shape.dimension())
                .uint32("llama.block_count", shape.blocks())
                .uint32("llama.feed_forward_length", shape.feedForward())
                .uint32("llama.attention.head_count", shape.heads())
                .uint32("llama.attention.head_count_kv", shape.kvHeads())
                .float32("llama.attention.layer_norm_rms_epsilon", LlamaShape.NORM_EPSILON)
                .uint32("llama.rope.dimension_count", shape.headDimension())
                .float32("llama.rope.freq_base", LlamaShape.ROPE_BASE)
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", vocabulary.tokens())
                .int32s(
                        "tokenizer.ggml.token_type",
                        IntStream.range(0, vocabulary.size())
                                .map(id -> vocabulary.isSpecial(id) ? CONTROL : NORMAL)
                                .toArray())
                .strings("tokenizer.ggml.merges", vocabulary.merges())
                .uint32("tokenizer.ggml.bos_token_id", vocabulary.id(Corpus.BOS))
                .uint32("tokenizer.ggml.eos_token_id", end)
                .uint32("tokenizer.ggml.eot_token_id", end)
                .bool("tokenizer.ggml.add_bos_token", true)
                .bool("tokenizer.ggml.add_eos_token", false)
                .string("tokenizer.chat_template", CHAT_TEMPLATE)
                .build();
    }
}
