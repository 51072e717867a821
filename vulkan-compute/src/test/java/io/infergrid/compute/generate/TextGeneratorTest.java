package io.infergrid.compute.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.Generation.Ending;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.quantize.RandomLlama;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.compute.tokenizer.ByteAlphabet;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextGeneratorTest {

    private static final int END = 256;
    private static final Tokenizer BYTES = bytes();

    @TempDir
    private Path folder;

    @Test
    void an_answer_ends_with_a_stop_token_that_is_no_part_of_it() {
        var heard = new Heard();
        Generation answer = generate(request(20), script("Hello", END), heard);
        assertThat(answer.text()).isEqualTo("Hello").isEqualTo(heard.text.toString());
        assertThat(answer.tokens()).containsExactlyElementsOf(heard.ids).hasSize(5);
        assertThat(answer.ending()).isEqualTo(Ending.STOP_TOKEN);
    }

    @Test
    void an_answer_ends_at_its_length() {
        Generation answer = generate(request(3), script("Hello", END), TokenListener.NONE);
        assertThat(answer.text()).isEqualTo("Hel");
        assertThat(answer.ending()).isEqualTo(Ending.LENGTH);
    }

    @Test
    void a_stop_text_is_never_shown_not_even_its_beginning() {
        var heard = new Heard();
        Generation answer = generate(request(50, "\nUser:", "xyz"), script("Fine.\nUs and\nUser: more", END), heard);
        assertThat(answer.text()).isEqualTo("Fine.\nUs and").isEqualTo(heard.text.toString());
        assertThat(answer.ending()).isEqualTo(Ending.STOP_TEXT);
    }

    @Test
    void a_beginning_that_stays_one_is_shown_at_the_end() {
        var heard = new Heard();
        Generation answer = generate(request(50, "\nUser:"), script("Fine.\nUs", END), heard);
        assertThat(answer.text()).isEqualTo("Fine.\nUs").isEqualTo(heard.text.toString());
        assertThat(heard.rest).isEqualTo("\nUs");
    }

    @Test
    void a_character_in_pieces_is_shown_whole() {
        var heard = new Heard();
        generate(request(50), script("a\uD83E\uDD99b", END), heard);
        assertThat(heard.pieces).containsExactly("a", "", "", "", "\uD83E\uDD99", "b");
    }

    @Test
    void a_listener_that_has_enough_cancels_between_tokens() {
        var heard = new Heard();
        Generation answer = new TextGenerator(BYTES)
                .generate(request(50), script("Hello", END), heard, () -> heard.ids.size() == 2);
        assertThat(answer.text()).isEqualTo("He");
        assertThat(answer.ending()).isEqualTo(Ending.CANCELLED);
    }

    @Test
    void the_model_is_given_the_prompt_once_and_then_what_it_drew() {
        List<List<Integer>> asked = new ArrayList<>();
        NextToken script = script("abc", END);
        generate(
                request(50),
                tokens -> {
                    asked.add(Arrays.stream(tokens).boxed().toList());
                    return script.next(tokens);
                },
                TokenListener.NONE);
        int a = BYTES.encode("a", false, false)[0];
        assertThat(asked.subList(0, 2)).containsExactly(List.of(1, 2, 3), List.of(a));
    }

    @Test
    void requests_without_sense_are_refused() {
        assertThatThrownBy(() -> new GenerationRequest(List.of(), 1, Set.of(), List.of()))
                .hasMessage("expected a prompt of at least one token, found none");
        assertThatThrownBy(() -> request(0)).hasMessage("expected to generate at least one token, found 0");
        assertThatThrownBy(() -> request(1, "")).hasMessageContaining("found an empty one");
    }

    @Test
    void the_same_seed_gives_the_same_text_however_the_prompt_is_cut() throws IOException {
        Path model = folder.resolve("tiny.gguf");
        RandomLlama.write(model, RandomLlama.Shape.TINY, TensorType.Q8_0, 5);
        var sampling = new SamplingParameters(0.9f, 50, 0.95f, 0, 1.1f, 77);
        try (var file = GgufFile.open(model);
                var backend = new CpuBackend()) {
            Tokenizer tokenizer = Tokenizer.of(file.metadata());
            int[] prompt = tokenizer.encode("in the beginning ".repeat(40), true, false);
            assertThat(prompt).hasSizeGreaterThan(256);
            try (var stage = backend.load(
                            file,
                            StageSpec.whole(ModelConfig.of(file.metadata()).blocks()));
                    var whole = stage.open(512);
                    var pieces = stage.open(512)) {
                var request = GenerationRequest.ofTokens(tokenizer, prompt, 24);
                Generation first = new TextGenerator(tokenizer)
                        .generate(request, new SessionTokens(whole, sampling), TokenListener.NONE, () -> false);

                var later = new SessionTokens(pieces, sampling);
                for (int token : Arrays.copyOf(prompt, prompt.length - 1)) {
                    later.next(token);
                }
                var last = GenerationRequest.ofTokens(tokenizer, new int[] {prompt[prompt.length - 1]}, 24);
                Generation second = new TextGenerator(tokenizer).generate(last, later, TokenListener.NONE, () -> false);

                assertThat(second.tokens()).isEqualTo(first.tokens());
            }
        }
    }

    private static final class Heard implements TokenListener {
        private final List<Integer> ids = new ArrayList<>();
        private final List<String> pieces = new ArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private String rest = "";

        @Override
        public void token(int id, String shown) {
            ids.add(id);
            pieces.add(shown);
            text.append(shown);
        }

        @Override
        public void rest(String shown) {
            rest = shown;
            text.append(shown);
        }
    }

    private static Generation generate(GenerationRequest request, NextToken model, TokenListener listener) {
        return new TextGenerator(BYTES).generate(request, model, listener, () -> false);
    }

    private static GenerationRequest request(int maxTokens, String... stopTexts) {
        return new GenerationRequest(List.of(1, 2, 3), maxTokens, Set.of(END), List.of(stopTexts));
    }

    /** A model that says this, byte for byte, and then {@code last} for ever. */
    private static NextToken script(String text, int last) {
        int[] ids = BYTES.encode(text, false, false);
        int[] at = {0};
        return _ -> at[0] < ids.length ? ids[at[0]++] : last;
    }

    private static Tokenizer bytes() {
        List<String> tokens = new ArrayList<>(IntStream.range(0, 256)
                .mapToObj(b -> String.valueOf(ByteAlphabet.character(b)))
                .toList());
        tokens.add("<|end|>");
        int[] types = new int[257];
        Arrays.fill(types, 1);
        types[END] = 3;
        return Tokenizer.of(GgufMetadata.builder()
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .build());
    }
}
