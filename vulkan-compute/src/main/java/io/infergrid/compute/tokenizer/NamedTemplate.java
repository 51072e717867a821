package io.infergrid.compute.tokenizer;

import io.infergrid.compute.tokenizer.ChatMessage.Role;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The layouts in which models learned conversations, for those whose template is missing or cannot be run; which one is meant is
 * recognised by the words in the template. What a user writes never becomes a control token.
 */
enum NamedTemplate {
    /** Qwen and many others: {@code <|im_start|>user\n...<|im_end|>\n}. */
    CHATML {
        @Override
        void message(ChatMessage message, Layout out) {
            out.token("<|im_start|>").text(message.role().word() + "\n" + message.content());
            out.token("<|im_end|>").text("\n");
        }

        @Override
        void answer(Layout out) {
            out.token("<|im_start|>").text("assistant\n");
        }
    },

    /** {@code <|start_header_id|>user<|end_header_id|>\n\n...<|eot_id|>}. */
    LLAMA_3 {
        @Override
        void message(ChatMessage message, Layout out) {
            header(message.role(), out);
            out.text(message.content().strip()).token("<|eot_id|>");
        }

        @Override
        void answer(Layout out) {
            header(Role.ASSISTANT, out);
        }

        private static void header(Role role, Layout out) {
            out.token("<|start_header_id|>").text(role.word());
            out.token("<|end_header_id|>").text("\n\n");
        }
    },

    /** {@code <|user|>\n...<|end|>\n}; the demo model speaks it too. */
    PHI_3 {
        @Override
        void message(ChatMessage message, Layout out) {
            out.token("<|" + message.role().word() + "|>").text("\n" + message.content());
            out.token("<|end|>").text("\n");
        }

        @Override
        void answer(Layout out) {
            out.token("<|assistant|>").text("\n");
        }
    },

    /** Zephyr and TinyLlama: {@code <|user|>\n...</s>\n}. */
    ZEPHYR {
        @Override
        void message(ChatMessage message, Layout out) {
            out.token("<|" + message.role().word() + "|>").text("\n" + message.content());
            out.eos().text("\n");
        }

        @Override
        void answer(Layout out) {
            out.token("<|assistant|>").text("\n");
        }
    },

    /** {@code [INST] <<SYS>>\n...\n<</SYS>>\n\n... [/INST] ...</s><s>}. */
    LLAMA_2 {
        @Override
        void conversation(List<ChatMessage> messages, Layout out) {
            String system = "";
            boolean first = true;
            for (ChatMessage message : messages) {
                switch (message.role()) {
                    case SYSTEM -> system = "<<SYS>>\n" + message.content().strip() + "\n<</SYS>>\n\n";
                    case USER -> {
                        if (!first) {
                            out.bos();
                        }
                        out.token("[INST]")
                                .text(" " + system + message.content().strip() + " ");
                        out.token("[/INST]");
                        system = "";
                        first = false;
                    }
                    case ASSISTANT ->
                        out.text(" " + message.content().strip() + " ").eos();
                }
            }
        }
    },

    /** {@code [INST] ... [/INST] ...</s>}; instructions of the system stand before the next question. */
    MISTRAL {
        @Override
        void conversation(List<ChatMessage> messages, Layout out) {
            String system = "";
            for (ChatMessage message : messages) {
                switch (message.role()) {
                    case SYSTEM -> system = message.content() + "\n\n";
                    case USER -> {
                        out.token("[INST]").text(" " + system + message.content() + " ");
                        out.token("[/INST]");
                        system = "";
                    }
                    case ASSISTANT -> out.text(" " + message.content()).eos();
                }
            }
        }
    },

    /** For models that name no layout: {@code User: ...\nAssistant: ...\n}. */
    PLAIN {
        @Override
        void message(ChatMessage message, Layout out) {
            String word = message.role().word();
            out.text(Character.toUpperCase(word.charAt(0)) + word.substring(1) + ": " + message.content() + "\n");
        }

        @Override
        void answer(Layout out) {
            out.text("Assistant:");
        }

        @Override
        List<String> stopTexts() {
            return List.of("\nUser:", "\nSystem:");
        }
    };

    /** The layout whose words a template has; {@link #PLAIN} if it has none of them. */
    static NamedTemplate recognise(String jinja) {
        if (jinja.contains("<|im_start|>")) {
            return CHATML;
        }
        if (jinja.contains("<|start_header_id|>")) {
            return LLAMA_3;
        }
        if (jinja.contains("[INST]")) {
            return jinja.contains("<<SYS>>") ? LLAMA_2 : MISTRAL;
        }
        if (jinja.contains("<|assistant|>")) {
            return jinja.contains("<|end|>") ? PHI_3 : ZEPHYR;
        }
        return PLAIN;
    }

    /**
     * The tokens of a conversation, ready for the model to answer.
     *
     * @param messages in order; the last one is usually the user's
     */
    int[] encode(Tokenizer tokenizer, List<ChatMessage> messages) {
        var layout = new Layout(tokenizer);
        if (tokenizer.addsBos()) {
            layout.bos();
        }
        conversation(messages, layout);
        return layout.tokens();
    }

    /** Texts that end an answer, for layouts without a token for it. */
    List<String> stopTexts() {
        return List.of();
    }

    void conversation(List<ChatMessage> messages, Layout out) {
        messages.forEach(message -> message(message, out));
        answer(out);
    }

    void message(ChatMessage message, Layout out) {
        throw new UnsupportedOperationException(name() + " lays out whole conversations");
    }

    void answer(Layout out) {
        throw new UnsupportedOperationException(name() + " lays out whole conversations");
    }

    /** Collects text and control tokens. Text is tokenised only where a token ends it, so that it merges as a whole. */
    static final class Layout {

        private final Tokenizer tokenizer;
        private final IntStream.Builder ids = IntStream.builder();
        private final StringBuilder text = new StringBuilder();

        Layout(Tokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        Layout text(String more) {
            text.append(more);
            return this;
        }

        /** The control token with this text, or the text where the vocabulary has no such token. */
        Layout token(String name) {
            OptionalInt id = tokenizer.special(name);
            return id.isPresent() ? id(id.getAsInt()) : text(name);
        }

        Layout eos() {
            OptionalInt eos = tokenizer.eos();
            return eos.isPresent() ? id(eos.getAsInt()) : this;
        }

        Layout bos() {
            OptionalInt bos = tokenizer.bos();
            return bos.isPresent() ? id(bos.getAsInt()) : this;
        }

        private Layout id(int id) {
            flush();
            ids.add(id);
            return this;
        }

        private void flush() {
            for (int id : tokenizer.encode(text.toString(), false, false)) {
                ids.add(id);
            }
            text.setLength(0);
        }

        int[] tokens() {
            flush();
            return ids.build().toArray();
        }
    }
}
