package io.infergrid.compute.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenizerTest {

    static Stream<String> names() {
        return Vocabularies.NAMES.stream();
    }

    @Test
    void the_beginning_is_marked_where_the_model_wants_it() {
        assertThat(Vocabularies.tokenizer("llama-spm").encode("Hello", true, false))
                .containsExactly(1, 15043);
        assertThat(Vocabularies.tokenizer("gpt-2").encode("Hello", true, false)).containsExactly(15496);
        assertThat(Vocabularies.tokenizer("deepseek-llm").encode("Hello", true, false)[0])
                .isEqualTo(100_000);
    }

    @Test
    void control_tokens_are_found_in_text_only_on_demand() {
        Tokenizer llama = Vocabularies.tokenizer("llama-spm");
        assertThat(llama.encode("</s>", false, true)).containsExactly(2);
        assertThat(llama.encode("</s>", false, false)).doesNotContain(2).hasSizeGreaterThan(1);
        assertThat(llama.decode(2)).isEmpty();
        assertThat(Vocabularies.tokenizer("phi-3").encode("<|user|>hi<|end|>", false, true))
                .startsWith(32010)
                .endsWith(32007);
        assertThat(llama.special("</s>")).hasValue(2);
        assertThat(llama.special("hello")).isEmpty();
    }

    @Test
    void a_turn_ends_with_any_of_the_tokens_that_mean_it() {
        assertThat(Vocabularies.tokenizer("phi-3").stops()).contains(32000, 32007);
        assertThat(Vocabularies.tokenizer("phi-3").endOfTurn()).hasValue(32007);
        assertThat(Vocabularies.tokenizer("llama-spm").stops()).containsExactly(2);
    }

    @ParameterizedTest
    @MethodSource("names")
    void a_character_in_pieces_appears_when_it_is_whole(String name) {
        Tokenizer tokenizer = Vocabularies.tokenizer(name);
        String text = "na\u00EFve \uD83E\uDD99\uD83D\uDE80 \u0F40 end";
        StreamingDecoder decoder = tokenizer.decoder();
        var shown = new StringBuilder();
        for (int id : tokenizer.encode(text, false, false)) {
            String piece = decoder.accept(id);
            assertThat(piece).doesNotContain("\uFFFD");
            shown.append(piece);
        }
        assertThat(decoder.finish()).isEmpty();
        assertThat(shown.toString().strip()).isEqualTo(text);
    }

    @Test
    void a_character_that_stays_incomplete_is_shown_as_such_at_the_end() {
        Tokenizer tokenizer = Vocabularies.tokenizer("llama-spm");
        int[] llama = tokenizer.encode("\uD83E\uDD99", false, false);
        StreamingDecoder decoder = tokenizer.decoder();
        assertThat(decoder.accept(llama[llama.length - 4])).isEmpty();
        assertThat(decoder.finish()).isEqualTo("\uFFFD");
        assertThat(decoder.accept(llama[llama.length - 1])).isEqualTo("\uFFFD");
    }

    @ParameterizedTest
    @MethodSource("names")
    void long_monotonous_text_takes_no_more_than_its_share_of_time(String name) {
        Tokenizer tokenizer = Vocabularies.tokenizer(name);
        for (String unit : List.of("a", " ", "\n ", "<|", "\uD83D\uDE00")) {
            String text = unit.repeat(100_000 / unit.length()) + "x";
            // a quadratic step would take hours
            int[] ids = assertTimeoutPreemptively(Duration.ofSeconds(60), () -> tokenizer.encode(text, false, true));
            assertThat(tokenizer.decode(ids)).isEqualTo(text);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void random_text_survives(String name) {
        Tokenizer tokenizer = Vocabularies.tokenizer(name);
        var random = new Random(20261121);
        for (int i = 0; i < 300; i++) {
            String text = random.ints(random.nextInt(60), 0, 0x11000)
                    .map(c -> c < 0x10000 ? c & (random.nextBoolean() ? 0x7F : 0xFFFF) : 0x1F300 + (c & 0xFF))
                    // SentencePiece writes spaces as U+2581 and cannot tell the two apart
                    .filter(c -> (c < 0xD800 || c > 0xDFFF) && c != 0x2581)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            assertThat(tokenizer.decode(tokenizer.encode(text, false, false))).isEqualTo(text);
        }
        assertThat(tokenizer.decode(tokenizer.encode("half \uD83D a pair", false, false)))
                .isEqualTo("half \uFFFD a pair");
    }

    @Test
    void text_beyond_the_limit_is_refused() {
        String text = "a".repeat(Tokenizer.LONGEST_TEXT + 1);
        assertThatThrownBy(() -> Vocabularies.tokenizer("gpt-2").encode(text, false, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected text of at most 16777216 characters, found 16777217");
    }

    @Test
    void vocabularies_that_do_not_fit_together_are_refused() {
        assertRefused(GgufMetadata.builder(), "expected the metadata key 'tokenizer.ggml.model', found none");
        assertRefused(GgufMetadata.builder().string("tokenizer.ggml.model", "t5"), "found 't5'");
        assertRefused(gpt2(), "metadata key 'tokenizer.ggml.tokens': expected 1..1048576 tokens, found 0");
        assertRefused(
                gpt2().strings("tokenizer.ggml.tokens", List.of("a")).string("tokenizer.ggml.pre", "nobody-knows"),
                "found 'nobody-knows'");
        assertRefused(
                gpt2().strings("tokenizer.ggml.tokens", List.of("a")).int32s("tokenizer.ggml.token_type", 1, 1),
                "metadata key 'tokenizer.ggml.token_type': expected 1 entries, found 2");
        assertRefused(
                gpt2().strings("tokenizer.ggml.tokens", List.of("a")).int32s("tokenizer.ggml.token_type", 9),
                "metadata key 'tokenizer.ggml.token_type': expected 1..6, found 9");
        assertRefused(
                gpt2().strings("tokenizer.ggml.tokens", List.of("a")).uint32("tokenizer.ggml.bos_token_id", 1),
                "metadata key 'tokenizer.ggml.bos_token_id': expected 0..0, found 1");
        assertRefused(
                gpt2().strings("tokenizer.ggml.tokens", List.of("a")).strings("tokenizer.ggml.merges", List.of("aa")),
                "expected two pieces and a space between in entry 0");
    }

    @Test
    void a_vocabulary_without_bytes_drops_what_it_cannot_write() {
        Tokenizer tokenizer = Tokenizer.of(gpt2().strings("tokenizer.ggml.tokens", List.of("a", "b", "ab"))
                .strings("tokenizer.ggml.merges", List.of("a b", "x y", "xy ab"))
                .build());
        assertThat(tokenizer.encode("ab!ba", false, false)).containsExactly(2, 1, 0);
        assertThat(tokenizer.encode("xyab", false, false)).containsExactly(0, 1);
    }

    private static GgufMetadata.Builder gpt2() {
        return GgufMetadata.builder().string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", "gpt-2");
    }

    private static void assertRefused(GgufMetadata.Builder metadata, String message) {
        assertThatThrownBy(() -> Tokenizer.of(metadata.build()))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining(message);
    }
}
