package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class StoryReaderTest {
    private static final StoryReader READER = new StoryReader(Grammar.resource("stories.grammar"));
    private static final Pattern ASKED = Pattern.compile(
            "^<\\|bos\\|><\\|user\\|>\nTell me a story about an? ([a-z]+) and an? (?:[a-z]+ )?([a-z]+)<\\|end\\|>\n"
                    + "<\\|assistant\\|>\n([^<]+)<\\|end\\|>");
    private static final String STORY = """
            Once upon a time, a cat named Jack lived in a little town. He was brave in many things, but he was afraid of \
            thunder.

            Just across the path lived a painter named Ida. One cold morning, Ida was stuck on the other side of the hill, \
            and there was nobody else to help. Jack's knees shook. Then he took his silver compass, held it tight, and went.

            Once he wanted to turn back, but he looked at the compass and went on. At last he reached Ida. "You came!" said \
            Ida. "I was afraid all the way," said Jack. "That is what brave means," said Ida. That night Jack fell asleep \
            with a smile.
            """;

    @Test
    void the_corpus_own_stories_have_no_slips() {
        var corpus = new Corpus(5);
        int read = 0;
        for (int i = 0; i < 12000; i++) {
            var matcher = ASKED.matcher(corpus.document(i).text());
            if (!matcher.find() || !Cast.thingNouns().contains(matcher.group(2))) {
                continue;
            }
            var findings = READER.read(matcher.group(3), matcher.group(1), matcher.group(2));
            assertThat(findings.slips()).as(findings + matcher.group()).isZero();
            assertThat(findings.plot()).as(matcher.group()).isNotEmpty();
            assertThat(findings.names()).isGreaterThan(2);
            read++;
        }
        assertThat(read).isGreaterThan(40);
    }

    @Test
    void every_wrong_name_character_object_and_pronoun_is_counted_where_it_stands() {
        assertThat(READER.read(STORY, "cat", "compass").slips()).isZero();
        assertThat(READER.read(STORY, "cat", "compass").names()).isEqualTo(9);
        assertThat(READER.read(STORY.replace("said Jack", "said Ida"), "cat", "compass")
                        .wrongNames())
                .isOne();
        assertThat(READER.read(STORY.replace("Jack", "Ida"), "cat", "compass").wrongNames())
                .isOne();
        assertThat(READER.read(STORY, "dog", "compass").wrongCharacters()).isOne();
        assertThat(READER.read(STORY.replace("at the compass", "at the clock"), "cat", "compass")
                        .wrongObjects())
                .isOne();
        assertThat(READER.read(STORY, "painter", "compass").wrongCharacters()).isEqualTo(2);
        assertThat(READER.read(STORY.replace("Once he wanted", "Once she wanted"), "cat", "compass")
                        .wrongPronouns())
                .isOne();
    }

    @Test
    void a_paragraph_that_the_grammar_does_not_have_is_strange_and_the_rest_is_still_read() {
        var findings = READER.read(STORY.replace("One cold morning", "The the the"), "cat", "compass");
        assertThat(findings.plot()).isEmpty();
        assertThat(findings.strange()).isOne();
        assertThat(findings.names()).isEqualTo(6);
    }
}
