package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.tokenizer.ByteAlphabet;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where llama.cpp cuts words: with a vocabulary in which any two characters of an alphabet merge, and many pairs of pairs, the
 * ids of a drawn text tell.
 */
class PreTokenizerCounterpartTest {

    private static final List<String> ALPHABET = List.of(
            "a", "b", "s", "t", "L", "R", "é", "\u0301", "漢", "あ", "1", "2", "3", "½", " ", " ", " ", "\n", "\r", "\t",
            "'", "'s", "'LL", "'re", ".", "!", "/", "-", "$", "\u00A0", "😀", "Ж", "ж", "ǅ");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "llama-bpe", "qwen2", "tekken", "smollm", "deepseek-llm"})
    void drawn_texts_have_the_ids_of_llama_cpp(String rules) throws IOException, InterruptedException {
        LlamaCpp.assumePresent();
        var random = new Random(rules.hashCode());
        GgufMetadata vocabulary = vocabulary(rules, random);
        int size = vocabulary.strings("tokenizer.ggml.tokens").size();
        var shape = new SeededModel.Shape("llama", 32, 1, 1, 1, 32, 32, size, 64, TensorType.F32, true);
        var model = SeededModel.of(shape, 1);
        var metadata = model.metadata().toBuilder();
        vocabulary.values().forEach(metadata::put);
        Path file = folder.resolve("model.gguf");
        SeededFile.write(file, model, metadata.build());
        var text = new StringBuilder("a");
        for (int i = 0; i < 6000; i++) {
            text.append(ALPHABET.get(random.nextInt(ALPHABET.size())));
        }
        String drawn = text.toString().replaceAll(otherThanTheMakers(rules), "");

        int[] ours = Tokenizer.of(metadata.build()).encode(drawn, false, false);

        assertThat(ours).containsExactly(LlamaCpp.tokens(file, drawn));
    }

    /**
     * Characters where llama.cpp's expressions are not the makers': it does not compose Qwen's text, writes Tekken's kinds of
     * letters as ranges of ASCII, and keeps DeepSeek's digits together, which no vocabulary of theirs merges.
     */
    private static String otherThanTheMakers(String rules) {
        return switch (rules) {
            case "qwen2" -> "\\p{M}";
            case "tekken" -> "[\\p{L}\\p{M}&&[^a-zA-Z]]";
            case "deepseek-llm" -> "\\p{N}";
            default -> "(?!)";
        };
    }

    private static GgufMetadata vocabulary(String rules, Random random) {
        List<String> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(String.valueOf(ByteAlphabet.character(b)));
        }
        List<String> merges = new ArrayList<>();
        Set<String> known = new HashSet<>(tokens);
        List<String> characters =
                ALPHABET.stream().distinct().map(ByteAlphabet::write).toList();
        for (String character : characters) {
            for (int end = 2; end <= character.length(); end++) {
                merge(character.substring(0, end - 1), character.substring(end - 1, end), tokens, merges, known);
            }
        }
        for (String left : characters) {
            for (String right : characters) {
                merge(left, right, tokens, merges, known);
            }
        }
        List<String> pairs = List.copyOf(tokens.subList(tokens.size() - 900, tokens.size()));
        for (int i = 0; i < 3000; i++) {
            merge(pairs.get(random.nextInt(900)), pairs.get(random.nextInt(900)), tokens, merges, known);
        }
        tokens.add("<|begin|>");
        tokens.add("<|end|>");
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        Arrays.fill(types, tokens.size() - 2, tokens.size(), 3);
        return GgufMetadata.builder()
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", rules)
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .strings("tokenizer.ggml.merges", merges)
                .uint32("tokenizer.ggml.bos_token_id", tokens.size() - 2)
                .uint32("tokenizer.ggml.eos_token_id", tokens.size() - 1)
                .build();
    }

    private static void merge(String left, String right, List<String> tokens, List<String> merges, Set<String> known) {
        if (known.contains(left) && known.contains(right) && known.add(left + right)) {
            tokens.add(left + right);
            merges.add(left + " " + right);
        }
    }
}
