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
        var factors = new Emphasis(VOCABULARY).of(new int[][] {{begin, fox, and, fox, and, begin, fox, fox}}, 5f);
        assertThat(factors).containsExactly(1, 1, 5, 1, 1, 1, 5);
    }

    @Test
    void a_factor_of_one_changes_nothing() {
        var row = VOCABULARY.encode(Corpus.BOS + "a fox named Tom and a fox named Tom");
        assertThat(new Emphasis(VOCABULARY).of(new int[][] {row}, 1f)).containsOnly(1f);
    }

    @Test
    void what_the_user_says_counts_less_than_the_answer_whatever_it_names() {
        int fox = VOCABULARY.encode(" fox")[0];
        int user = VOCABULARY.id(Corpus.USER);
        int end = VOCABULARY.id(Corpus.END);
        int answer = VOCABULARY.id(Corpus.ASSISTANT);
        var factors = new Emphasis(VOCABULARY).of(new int[][] {{user, fox, fox, end, answer, fox, end}}, 5f);
        float asked = Emphasis.ASKED;
        assertThat(factors).containsExactly(asked, asked, asked, 1, 5, 1);
    }
}
