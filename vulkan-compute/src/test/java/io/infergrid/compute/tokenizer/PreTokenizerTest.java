package io.infergrid.compute.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.infergrid.compute.gguf.GgufException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Where the makers' expressions cut: by hand, by a scanner that reads them otherwise, and how long it may take. */
class PreTokenizerTest {

    static Stream<Arguments> cuts() {
        // a dot above marks spaces in the expected words, which would be hard to see
        return Stream.of(
                // a contraction in lower case is a word; in upper case it is punctuation and letters
                cut(PreTokenizer.GPT_2, "It's we'll", "It|'s| we|'ll"),
                cut(PreTokenizer.GPT_2, "IT'S", "IT|'|S"),
                cut(PreTokenizer.GPT_2, " 12345 a1", "Ṡ12345|Ṡa|1"),
                cut(PreTokenizer.GPT_2, "a   b  ", "a|ṠṠ|Ṡb|ṠṠ"),
                cut(PreTokenizer.GPT_2, "x=(y)!", "x|=(|y|)!"),
                cut(PreTokenizer.GPT_2, "né́e", "né|\u0301|e"),
                // any case, the long s as well; digits in threes from the left; one leading character joins the letters
                cut(PreTokenizer.LLAMA_3, "It'S we'Ll a'ſ", "It|'S|Ṡwe|'Ll|Ṡa|'ſ"),
                cut(PreTokenizer.LLAMA_3, "1234567 89", "123|456|7|Ṡ|89"),
                cut(PreTokenizer.LLAMA_3, "(word) $x \tz", "(word|)|Ṡ$|x|Ṡ|\tz"),
                cut(PreTokenizer.LLAMA_3, "a.\r\n\nb", "a|.\r\n\n|b"),
                cut(PreTokenizer.LLAMA_3, "a \n  \n b", "a|Ṡ\nṠṠ\n|Ṡb"),
                cut(PreTokenizer.LLAMA_3, "end   ", "end|ṠṠṠ"),
                cut(PreTokenizer.LLAMA_3, "a    b", "a|ṠṠṠ|Ṡb"),
                cut(PreTokenizer.LLAMA_3, "漢字かな混じり。文", "漢字かな混じり|。文"),
                cut(PreTokenizer.LLAMA_3, "hi 😀😀 yo", "hi|Ṡ😀😀|Ṡyo"),
                cut(PreTokenizer.LLAMA_3, "é́l", "é|\u0301l"),
                cut(PreTokenizer.LLAMA_3, "½Ⅷ²3", "½Ⅷ²|3"),
                cut(PreTokenizer.LLAMA_3, "a\u00A0b\u3000\u3000c", "a|\u00A0b|\u3000|\u3000c"),
                // the same with a word a digit
                cut(PreTokenizer.QWEN_2, "12 34x", "1|2|Ṡ|3|4|x"),
                cut(PreTokenizer.QWEN_2, "don'T 世界 2", "don|'T|Ṡ世界|Ṡ|2"),
                // no contractions, words end where a capital begins, slashes stay with what is before them
                cut(PreTokenizer.TEKKEN, "don't getHTTPResponse", "don|'t|Ṡget|HTTPResponse"),
                cut(PreTokenizer.TEKKEN, "HelloWORLD", "Hello|WORLD"),
                cut(PreTokenizer.TEKKEN, "né́e ÉA", "né\u0301e|ṠÉA"),
                cut(PreTokenizer.TEKKEN, "http://a/b 12", "http|://|a|/b|Ṡ|1|2"),
                cut(PreTokenizer.TEKKEN, "漢A字b", "漢A字b"),
                // digits first, each for itself, so that a space before one is alone
                cut(PreTokenizer.DIGITS_THEN_GPT_2, "in 2024 it's", "in|Ṡ|2|0|2|4|Ṡit|'s"),
                cut(PreTokenizer.DIGITS_THEN_GPT_2, "  7", "ṠṠ|7"),
                cut(PreTokenizer.DIGITS_THEN_GPT_2, "½x", "½|x"),
                // line ends, cased letters, punctuation, white space at the end, East Asian, digits
                cut(PreTokenizer.DEEPSEEK_LLM, "Hi, you\nall", "Hi|,|Ṡyou|\n|all"),
                cut(PreTokenizer.DEEPSEEK_LLM, "12 世界 a  ", "1|2|Ṡ|世界|Ṡa|ṠṠ"));
    }

    private static Arguments cut(PreTokenizer rules, String text, String words) {
        return Arguments.of(rules, text, words.replace('Ṡ', ' ').split("\\|"));
    }

    @ParameterizedTest
    @MethodSource("cuts")
    void words_are_cut_where_the_maker_cuts(PreTokenizer rules, String text, String... words) {
        assertThat(split(rules, text)).containsExactly(words);
    }

    @Property(tries = 3000, shrinking = ShrinkingMode.BOUNDED)
    void drawn_texts_are_cut_as_a_reader_of_the_expression_cuts_them(@ForAll("texts") String text) {
        for (PreTokenizer rules : PreTokenizer.values()) {
            if (rules != PreTokenizer.DEEPSEEK_LLM) {
                assertThat(split(rules, text)).as(rules.name()).isEqualTo(WordScanner.words(rules, text));
            }
        }
    }

    @Property(tries = 1000)
    void words_together_are_the_text(@ForAll String any, @ForAll("texts") String likely) {
        for (PreTokenizer rules : PreTokenizer.values()) {
            assertThat(String.join("", split(rules, any))).isEqualTo(any);
            assertThat(split(rules, likely)).allMatch(word -> !word.isEmpty());
            assertThat(String.join("", split(rules, likely))).isEqualTo(likely);
        }
    }

    @ParameterizedTest
    @EnumSource
    void hostile_texts_take_no_more_than_their_share_of_time(PreTokenizer rules) {
        for (String unit : List.of(
                " ", "\n ", " \t", "A", "a", "Aa", "漢", "\u0301", "A\u0301", "'", "1", "!", "!\n", "\uD83D\uDE00")) {
            String text = unit.repeat(100_000 / unit.length());
            for (String end : List.of("", "x", "1\n")) {
                // a quadratic step would be five thousand million
                assertTimeoutPreemptively(
                        Duration.ofSeconds(10), () -> rules.split(text + end, (from, to) -> {}), rules + " of " + unit);
            }
        }
    }

    @Test
    void rules_that_no_maker_of_a_supported_model_published_are_refused_with_those_that_are_known() {
        assertThat(PreTokenizer.named(Optional.of("llama-bpe"))).isEqualTo(PreTokenizer.LLAMA_3);
        assertThat(PreTokenizer.named(Optional.of("smollm"))).isEqualTo(PreTokenizer.DIGITS_THEN_GPT_2);
        assertThatThrownBy(() -> PreTokenizer.named(Optional.of("falcon")))
                .isInstanceOf(GgufException.class)
                .hasMessage(
                        "metadata key 'tokenizer.ggml.pre': expected one of gpt-2, gpt2, llama-bpe, llama-v3, llama3,"
                                + " qwen2, deepseek-r1-qwen, tekken, smollm, starcoder, deepseek-llm, found 'falcon'");
        assertThatThrownBy(() -> PreTokenizer.named(Optional.empty())).hasMessageEndingWith("found none");
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.of(
                        "a",
                        "b",
                        "s",
                        "t",
                        "l",
                        "r",
                        "e",
                        "v",
                        "m",
                        "d",
                        "S",
                        "T",
                        "L",
                        "A",
                        "É",
                        "é",
                        "ß",
                        "ſ",
                        "\u01C5",
                        "\u02B0",
                        "\u0301",
                        "\u0903",
                        "漢",
                        "あ",
                        "ก",
                        "\uAC00",
                        "1",
                        "2",
                        "3",
                        "½",
                        "Ⅷ",
                        "\u0663",
                        " ",
                        "  ",
                        "\t",
                        "\n",
                        "\r",
                        "\r\n",
                        "\u00A0",
                        "\u3000",
                        "\u2028",
                        "\u200B",
                        "'",
                        "'s",
                        "'LL",
                        ".",
                        ",",
                        "!",
                        "/",
                        "-",
                        "(",
                        "$",
                        "_",
                        "\uD83D\uDE00",
                        "\uD83D\uDC69\u200D\uD83D\uDCBB",
                        "\uD835\uDC00")
                .list()
                .ofMaxSize(24)
                .map(parts -> String.join("", parts));
    }

    private static List<String> split(PreTokenizer rules, String text) {
        var words = new ArrayList<String>();
        rules.split(text, (from, to) -> words.add(text.substring(from, to)));
        return words;
    }
}
