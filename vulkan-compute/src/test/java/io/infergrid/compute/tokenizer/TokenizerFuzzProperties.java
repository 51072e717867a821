package io.infergrid.compute.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.UniqueElements;

/** Any vocabulary is refused in words or works on any text. */
class TokenizerFuzzProperties {

    @Property(tries = 1000)
    void any_byte_level_vocabulary_works_or_is_refused(
            @ForAll @UniqueElements @Size(min = 1, max = 40) List<@From("pieces") String> tokens,
            @ForAll @Size(max = 40) List<@From("pieces") String> merges,
            @ForAll("types") List<Integer> types,
            @ForAll("rules") String rules,
            @ForAll String text) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < merges.size(); i += 2) {
            pairs.add(merges.get(i) + " " + merges.get(i + 1));
        }
        exercise(
                vocabulary("gpt2", tokens, types)
                        .string("tokenizer.ggml.pre", rules)
                        .strings("tokenizer.ggml.merges", pairs),
                text);
    }

    @Property(tries = 1000)
    void any_scored_vocabulary_works_or_is_refused(
            @ForAll @UniqueElements @Size(min = 1, max = 40) List<@From("pieces") String> tokens,
            @ForAll float[] scores,
            @ForAll("types") List<Integer> types,
            @ForAll String text) {
        exercise(
                vocabulary("llama", tokens, types)
                        .float32s(
                                "tokenizer.ggml.scores",
                                scores.length == 0 ? scores : Arrays.copyOf(scores, tokens.size())),
                text);
    }

    @Provide
    Arbitrary<String> pieces() {
        return Arbitraries.oneOf(
                Arbitraries.strings().withChars("ab\u0120\u2581 \u00E9").ofMaxLength(4),
                Arbitraries.strings().ofMaxLength(6),
                Arbitraries.of("<0x00>", "<0xFF>", "<0xZZ>", "<s>", "</s>", "<|im_end|>", "\uD83D\uDE00", "\uD83D"));
    }

    @Provide
    Arbitrary<String> rules() {
        return Arbitraries.of("gpt-2", "llama-bpe", "qwen2", "tekken", "smollm", "deepseek-llm", "unknown");
    }

    @Provide
    Arbitrary<List<Integer>> types() {
        return Arbitraries.integers().between(1, 6).list().ofSize(40);
    }

    private static GgufMetadata.Builder vocabulary(String model, List<String> tokens, List<Integer> types) {
        return GgufMetadata.builder()
                .string("tokenizer.ggml.model", model)
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s(
                        "tokenizer.ggml.token_type",
                        types.stream().limit(tokens.size()).mapToInt(i -> i).toArray());
    }

    private static void exercise(GgufMetadata.Builder metadata, String text) {
        Tokenizer tokenizer;
        try {
            tokenizer = Tokenizer.of(metadata.build());
        } catch (GgufException refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return;
        }
        for (boolean special : new boolean[] {false, true}) {
            int[] ids = tokenizer.encode(text, special, special);
            assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < tokenizer.vocabularySize());
            StreamingDecoder decoder = tokenizer.decoder();
            var streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(decoder.accept(id));
            }
            streamed.append(decoder.finish());
            String whole = tokenizer.decode(ids);
            assertThat(streamed.toString()).endsWith(whole);
        }
    }
}
