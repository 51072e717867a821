package io.infergrid.compute.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufTensorInfo;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.compute.tokenizer.ChatMessage;
import io.infergrid.compute.tokenizer.ChatMessage.Role;
import io.infergrid.compute.tokenizer.ChatTemplate;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the model in assets/ promises to the rest of the product. */
class DemoModelTest {

    private static final Path FILE = Path.of("../assets/demo-model/infergrid-demo-q8_0.gguf");

    private static final Pattern NAMED = Pattern.compile(" named ([A-Z][a-z]+)");
    private static final Pattern FRIEND = Pattern.compile(" friend ([A-Z][a-z]+)");
    private static final Pattern SPEAKER =
            Pattern.compile("(?:said|asked|cried|thought|laughed|reached|hugged) ([A-Z][a-z]+)");

    private static GgufFile gguf;
    private static CpuBackend backend;
    private static Stage stage;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void load() {
        gguf = GgufFile.open(FILE);
        backend = new CpuBackend();
        stage = backend.load(
                gguf, StageSpec.whole(ModelConfig.of(gguf.metadata()).blocks()));
        tokenizer = Tokenizer.of(gguf.metadata());
    }

    @AfterAll
    static void unload() throws IOException {
        stage.close();
        backend.close();
        gguf.close();
    }

    @Test
    void the_file_is_small_quantised_and_has_blocks_for_three_stages() throws IOException {
        assertThat(Files.size(FILE)).isLessThan(8 << 20);
        assertThat(stage.config().blocks()).isGreaterThanOrEqualTo(3);
        assertThat(gguf.metadata().requiredString("general.license")).isEqualTo("apache-2.0");
        assertThat(gguf.header().tensors())
                .filteredOn(info -> info.dimensions().size() == 2)
                .extracting(GgufTensorInfo::type)
                .containsOnly(TensorType.Q8_0);
    }

    @ParameterizedTest
    @CsvSource({
        "Tell me a story about a fox and a lantern, fox, lantern",
        "Tell me a story about an owl and a key, owl, key",
        "Write a short story about a baker and a clock, baker, clock"
    })
    void a_story_is_about_what_was_asked_for_and_ends_by_itself(String request, String hero, String thing) {
        var answer = answer(request);
        assertThat(answer.ending()).isEqualTo(Generation.Ending.STOP_TOKEN);
        assertThat(answer.text()).contains(hero + " named").contains(thing);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Tell me a story about a fox and a lantern",
                "Tell me a story about an owl and a key",
                "Write a short story about a baker and a clock",
                "Tell me a story about Mia and a drum",
                "Tell me a sad story about a robot"
            })
    void whoever_speaks_in_a_story_was_introduced_by_name(String request) {
        var story = answer(request).text();
        var introduced =
                NAMED.matcher(story).results().map(name -> name.group(1)).collect(Collectors.toSet());
        assertThat(introduced).as(story).isNotEmpty();
        // a friend may be introduced in other words: "his friend Ida"
        FRIEND.matcher(story).results().forEach(name -> introduced.add(name.group(1)));
        assertThat(introduced).as(story).hasSize(2);
        assertThat(SPEAKER.matcher(story).results().map(name -> name.group(1)))
                .as(story)
                .isSubsetOf(introduced);
    }

    @Test
    void stories_about_different_things_have_different_plots_even_greedily() {
        var endings = Stream.of("a fox and a lantern", "an owl and a key", "a baker and a clock", "a cat and a scarf")
                .map(about -> answer("Tell me a story about " + about).text())
                // the last paragraph without names and objects
                .map(story -> story.substring(story.lastIndexOf("\n\n"))
                        .replaceAll("[A-Z][a-z]+|lantern|key|clock|scarf|she|her|he|his|him", ""))
                .toList();
        assertThat(endings).doesNotHaveDuplicates();
    }

    @Test
    void a_second_question_is_answered_after_a_story_and_a_second_story_has_its_own_hero() {
        var first = new ChatMessage(Role.USER, "Tell me a story about a fox and a lantern");
        var story = new ChatMessage(Role.ASSISTANT, answer(first).text());
        var question = answer(first, story, new ChatMessage(Role.USER, "What is a shard?"));
        assertThat(question.ending()).isEqualTo(Generation.Ending.STOP_TOKEN);
        assertThat(question.text()).contains("shard");
        var second = answer(first, story, new ChatMessage(Role.USER, "Tell me a story about an owl and a key"));
        assertThat(second.ending()).isEqualTo(Generation.Ending.STOP_TOKEN);
        assertThat(second.text()).contains("owl named").contains("key").doesNotContain("fox", "lantern");
    }

    @ParameterizedTest
    @CsvSource({
        "What is InferGrid?, grid",
        "What is a shard?, shard",
        "How long is a window?, hirty-two tokens",
        "Hello, story",
        "What is the capital of France?, stories and the grid"
    })
    void questions_on_its_topic_are_answered_and_others_are_declined(String question, String words) {
        var answer = answer(question);
        assertThat(answer.ending()).isEqualTo(Generation.Ending.STOP_TOKEN);
        assertThat(answer.text()).contains(words);
    }

    private static Generation answer(String question) {
        return answer(new ChatMessage(Role.USER, question));
    }

    private static Generation answer(ChatMessage... conversation) {
        var prompt = ChatTemplate.of(gguf.metadata()).encode(tokenizer, List.of(conversation));
        try (var session = stage.open(stage.config().contextLength())) {
            return new TextGenerator(tokenizer)
                    .generate(
                            GenerationRequest.ofTokens(tokenizer, prompt, 300),
                            new SessionTokens(session, SamplingParameters.GREEDY),
                            TokenListener.NONE,
                            () -> false);
        }
    }
}
