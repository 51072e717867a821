package io.infergrid.compute.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** llama.cpp's conformance files: each line of an .out file has the ids of one text of texts.inp. */
class TokenizerConformanceTest {

    private static final List<String> TEXTS = texts();

    @TestFactory
    Stream<DynamicTest> ids_are_those_of_llama_cpp() {
        return Vocabularies.NAMES.stream().flatMap(name -> {
            List<String> expected = Vocabularies.text(name + ".out").lines().toList();
            assertThat(expected).hasSameSizeAs(TEXTS);
            return IntStream.range(0, TEXTS.size())
                    .mapToObj(i -> dynamicTest(name + " " + i, () -> {
                        int[] ids = Vocabularies.tokenizer(name).encode(TEXTS.get(i), false, false);
                        assertThat(join(ids)).isEqualTo(expected.get(i).strip());
                    }));
        });
    }

    @TestFactory
    Stream<DynamicTest> ids_become_the_text_again() {
        return Vocabularies.NAMES.stream()
                .map(name -> dynamicTest(name, () -> {
                    Tokenizer tokenizer = Vocabularies.tokenizer(name);
                    for (String text : TEXTS) {
                        assertThat(tokenizer.decode(tokenizer.encode(text, true, false)))
                                .isEqualTo(text);
                    }
                }));
    }

    private static String join(int[] ids) {
        return Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    }

    private static List<String> texts() {
        String[] texts = Vocabularies.text("texts.inp").split("\n__ggml_vocab_test__\n", -1);
        // the file ends with a separator
        return List.of(texts).subList(0, texts.length - 1);
    }
}
