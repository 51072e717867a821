package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CorpusTest {
    @Test
    void the_same_seed_gives_the_same_documents_and_another_seed_others() {
        var first = LongStream.range(0, 200).mapToObj(new Corpus(5)::document).toList();
        assertThat(LongStream.range(0, 200).mapToObj(new Corpus(5)::document)).isEqualTo(first);
        assertThat(LongStream.range(0, 200).mapToObj(new Corpus(6)::document).toList())
                .isNotEqualTo(first);
    }

    @Test
    void about_two_of_a_hundred_documents_are_held_out() {
        var corpus = new Corpus(5);
        long heldOut = LongStream.range(0, 20000)
                .filter(i -> corpus.document(i).heldOut())
                .count();
        assertThat(heldOut).isBetween(250L, 550L);
    }

    @Test
    void a_story_names_what_was_asked_for() {
        var corpus = new Corpus(5);
        var request = Pattern.compile("story about an? ([a-z]+) and an? (?:[a-z]+ )?([a-z]+)\\.?<");
        int asked = 0;
        for (int i = 0; i < 2000; i++) {
            var matcher = request.matcher(corpus.document(i).text());
            if (matcher.find() && Cast.thingNouns().contains(matcher.group(2))) {
                asked++;
                var answer = corpus.document(i).text().substring(matcher.end());
                assertThat(answer).containsIgnoringCase(matcher.group(1)).contains(matcher.group(2));
            }
        }
        assertThat(asked).isGreaterThan(50);
    }

    @Test
    void every_name_and_object_of_a_story_follows_a_space_so_that_it_is_one_token() {
        var words = Stream.concat(Cast.names().stream(), Cast.thingNouns().stream())
                .collect(Collectors.joining("|", "(?:[^ \n]|\n\n)\\b(?:", ")\\b"));
        var stuck = Pattern.compile(words);
        var corpus = new Corpus(5);
        IntStream.range(0, 3000)
                .mapToObj(i -> corpus.document(i).text())
                .forEach(text -> assertThat(stuck.matcher(text).results().map(MatchResult::group))
                        .as(text)
                        .isEmpty());
    }

    @Test
    void requests_about_the_same_two_are_held_out_always_or_never() {
        var pairs = Corpus.heldOutPairs(20);
        assertThat(pairs).hasSize(20).doesNotHaveDuplicates();
        var corpus = new Corpus(5);
        for (int i = 0; i < 20000; i++) {
            var document = corpus.document(i);
            if (!document.heldOut()) {
                for (var pair : pairs) {
                    assertThat(document.text())
                            .doesNotContain(
                                    "about " + Cast.article(pair.kind()) + " and " + Cast.article(pair.thing()) + "<");
                }
            }
        }
    }

    @Test
    void no_text_shows_the_grammars_own_signs_and_every_turn_is_closed() {
        var corpus = new Corpus(5);
        IntStream.range(0, 3000).mapToObj(i -> corpus.document(i).text()).forEach(text -> {
            assertThat(text).startsWith(Corpus.BOS).endsWith(Corpus.END);
            assertThat(text.replaceAll("<\\|[a-z]+\\|>", "")).doesNotContainPattern("[\\[\\]{}|<>]|  | [.,!?]");
        });
    }
}
