package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class EmphasisTest {
    private static final BytePairs VOCABULARY = BytePairs.learn(
            LongStream.range(0, 300)
                    .mapToObj(i -> DemoModel.corpus().document(i).text())
                    .toList(),
            1200);

    @Test
    void only_what_was_named_before_in_the_same_document_counts_more() {
        int fox = VOCABULARY.encode(" fox")[0];
        int and = VOCABULARY.encode(" and")[0];
        int begin = VOCABULARY.id(Corpus.BOS);
        var factors = new Emphasis(VOCABULARY, 5f).of(new int[][] {{begin, fox, and, fox, and, begin, fox, fox}});
        assertThat(factors).containsExactly(1, 1, 5, 1, 1, 1, 5);
    }

    @Test
    void a_factor_of_one_changes_nothing() {
        var row = VOCABULARY.encode(Corpus.BOS + "a fox named Tom and a fox named Tom");
        assertThat(new Emphasis(VOCABULARY, 1f).of(new int[][] {row})).containsOnly(1f);
    }
}
