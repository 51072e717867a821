package io.infergrid.compute.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The tokens that stand for no text, as the makers of Llama 3 and Qwen name them. */
class SpecialTokensTest {

    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    @Test
    void a_llama_3_conversation_is_read_token_by_token_and_ends_with_any_of_its_ends() {
        Tokenizer llama = tokenizer(
                "llama-bpe",
                List.of(),
                "<|begin_of_text|>",
                "<|end_of_text|>",
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eom_id|>",
                "<|eot_id|>",
                "<|python_tag|>");
        assertThat(llama.addsBos()).isTrue();
        assertThat(texts(llama, llama.encode("<|start_header_id|>u<|end_header_id|>\n\nHi<|eot_id|>", true, true)))
                .containsExactly(
                        "<|begin_of_text|>",
                        "<|start_header_id|>",
                        "u",
                        "<|end_header_id|>",
                        "Ċ",
                        "Ċ",
                        "H",
                        "i",
                        "<|eot_id|>");
        assertThat(texts(llama, llama.encode("<|eot_id|>", false, false))).hasSize("<|eot_id|>".length());
        assertThat(llama.endOfTurn()).isEqualTo(llama.special("<|eot_id|>"));
        assertThat(texts(llama, llama.stops().stream().mapToInt(i -> i).sorted().toArray()))
                .containsExactly("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>");
    }

    @Test
    void a_qwen_conversation_has_no_beginning_and_its_thoughts_are_marked_by_tokens_that_have_text() {
        Tokenizer qwen = tokenizer(
                "qwen2", List.of("<think>", "</think>", "<tool_call>"), "<|endoftext|>", "<|im_start|>", "<|im_end|>");
        assertThat(qwen.addsBos()).isFalse();
        int[] ids = qwen.encode("<|im_start|>a\n<think>\n</think>12<|im_end|>", true, true);
        assertThat(texts(qwen, ids))
                .containsExactly("<|im_start|>", "a", "Ċ", "<think>", "Ċ", "</think>", "1", "2", "<|im_end|>");
        assertThat(qwen.decode(ids)).isEqualTo("a\n<think>\n</think>12");
        assertThat(texts(qwen, qwen.encode("<think><|im_end|>", false, false))).startsWith("<think>", "<", "|");
        assertThat(texts(qwen, qwen.stops().stream().mapToInt(i -> i).sorted().toArray()))
                .containsExactly("<|endoftext|>", "<|im_end|>");
    }

    @Test
    void qwen_reads_a_letter_and_its_mark_as_one_character_and_llama_as_two() {
        Tokenizer qwen = tokenizer("qwen2", List.of(), "<|endoftext|>", "<|im_end|>");
        Tokenizer llama = tokenizer("llama-bpe", List.of(), "<|begin_of_text|>", "<|end_of_text|>");
        assertThat(qwen.decode(qwen.encode("cafe\u0301 \u1112\u1161\u11AB", false, false)))
                .isEqualTo("caf\u00E9 \uD55C");
        assertThat(llama.decode(llama.encode("cafe\u0301", false, false))).isEqualTo("cafe\u0301");
        // 200 000 marks in falling order of their class
        String marks = "\u0301".repeat(100_000) + "\u0323".repeat(100_000);
        assertThat(qwen.decode(qwen.encode("e" + marks, false, false))).isEqualTo("e" + marks);
    }

    @Test
    void the_longer_of_two_tokens_is_found() {
        Tokenizer tokenizer = tokenizer("qwen2", List.of("<a>", "<a><b>"), "<|endoftext|>", "<|im_end|>");
        assertThat(texts(tokenizer, tokenizer.encode("<a><b><a>", false, false)))
                .containsExactly("<a><b>", "<a>");
    }

    @Test
    void a_text_that_two_tokens_have_is_refused() {
        assertThatThrownBy(() -> tokenizer("qwen2", List.of("<x>", "<x>"), "<|endoftext|>", "<|im_end|>"))
                .isInstanceOf(GgufException.class)
                .hasMessage(
                        "metadata key 'tokenizer.ggml.tokens': expected tokens that differ, found '<x>' as 256 and as 257");
    }

    /** 256 bytes, then user-defined tokens, then control tokens, of which the first two are beginning and end. */
    private static Tokenizer tokenizer(String rules, List<String> userDefined, String... control) {
        List<String> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(String.valueOf(ByteAlphabet.character(b)));
        }
        tokens.addAll(userDefined);
        int firstControl = tokens.size();
        Collections.addAll(tokens, control);
        int[] types = new int[tokens.size()];
        for (int i = 0; i < types.length; i++) {
            types[i] = i < 256 ? NORMAL : i < firstControl ? USER_DEFINED : CONTROL;
        }
        boolean llama = rules.startsWith("llama");
        var metadata = GgufMetadata.builder()
                .string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", rules)
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .strings("tokenizer.ggml.merges", List.of())
                .uint32("tokenizer.ggml.eos_token_id", llama ? firstControl + 1 : firstControl);
        if (llama) {
            metadata.uint32("tokenizer.ggml.bos_token_id", firstControl);
        }
        return Tokenizer.of(metadata.build());
    }

    private static List<String> texts(Tokenizer tokenizer, int... ids) {
        var texts = new ArrayList<String>();
        for (int id : ids) {
            texts.add(tokenizer.text(id));
        }
        return texts;
    }
}
