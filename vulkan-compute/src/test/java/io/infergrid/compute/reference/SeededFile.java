package io.infergrid.compute.reference;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufWriter;
import io.infergrid.compute.gguf.GgufWriter.Declaration;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.tokenizer.ByteAlphabet;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A seeded model as a file that llama.cpp loads: with a vocabulary, and with Llama 3's rotary factors if wanted. */
final class SeededFile {

    private SeededFile() {}

    /** @param factors for {@code rope_freqs.weight}, empty for none */
    static void write(Path target, SeededModel.Shape shape, long seed, float... factors) throws IOException {
        var model = SeededModel.of(shape, seed);
        write(target, model, withVocabulary(model.metadata(), shape.vocabulary()), factors);
    }

    static void write(Path target, SeededModel model, GgufMetadata metadata, float... factors) throws IOException {
        var tensors = new ArrayList<GgufTensor>();
        if (factors.length > 0) {
            tensors.add(new GgufTensor(
                    "rope_freqs.weight", TensorType.F32, factors.length, 1, MemorySegment.ofArray(bytes(factors))));
        }
        for (String name : model.tensorNames()) {
            tensors.add(model.tensor(name));
        }
        List<Declaration> declarations = tensors.stream()
                .map(tensor -> tensor.rows() == 1
                        ? Declaration.vector(tensor.name(), tensor.type(), tensor.columns())
                        : Declaration.matrix(tensor.name(), tensor.type(), tensor.columns(), tensor.rows()))
                .toList();
        try (var writer = GgufWriter.create(target, metadata, declarations)) {
            for (GgufTensor tensor : tensors) {
                writer.append(tensor.data());
            }
            writer.commit();
        }
    }

    private static byte[] bytes(float... values) {
        var segment = MemorySegment.ofArray(new byte[4 * values.length]);
        for (int i = 0; i < values.length; i++) {
            segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, values[i]);
        }
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    /** The 256 bytes, then control tokens. */
    private static GgufMetadata withVocabulary(GgufMetadata metadata, int size) {
        var tokens = new ArrayList<String>();
        for (int i = 0; i < size; i++) {
            tokens.add(i < 256 ? String.valueOf(ByteAlphabet.character(i)) : "<|" + i + "|>");
        }
        int[] types = new int[size];
        Arrays.fill(types, 3);
        Arrays.fill(types, 0, Math.min(size, 256), 1);
        return metadata.toBuilder()
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .strings("tokenizer.ggml.merges", List.of())
                .uint32("tokenizer.ggml.bos_token_id", 256)
                .uint32("tokenizer.ggml.eos_token_id", 257)
                .build();
    }
}
