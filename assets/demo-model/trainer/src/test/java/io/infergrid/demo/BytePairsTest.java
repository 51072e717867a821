package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BytePairsTest {
    private static final BytePairs VOCABULARY = BytePairs.learn(
            LongStream.range(0, 300)
                    .mapToObj(i -> DemoModel.corpus().document(i).text())
                    .toList(),
            600);

    @Test
    void documents_survive_the_round_trip() {
        for (int i = 0; i < 100; i++) {
            var text = DemoModel.corpus().document(1000 + i).text();
            assertThat(VOCABULARY.decode(VOCABULARY.encode(text))).isEqualTo(text);
        }
    }

    @Property(tries = 200)
    void any_text_survives_the_round_trip(@ForAll String text) {
        var whole = text.codePoints()
                .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        assertThat(VOCABULARY.decode(VOCABULARY.encode(whole))).isEqualTo(whole);
    }

    @Test
    void the_most_frequent_pair_is_merged_first_and_special_tokens_are_one_token() {
        var vocabulary = BytePairs.learn(List.of("aab aab aab ab"), 256 + BytePairs.SPECIAL.size() + 2);
        assertThat(vocabulary.merges()).containsExactly("a b", "a ab");
        assertThat(vocabulary.encode("<|bos|>aab<|end|>")).hasSize(3);
        assertThat(vocabulary.size()).isEqualTo(263);
    }
}
