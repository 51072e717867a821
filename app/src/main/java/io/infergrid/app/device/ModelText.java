package io.infergrid.app.device;

import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.tokenizer.ChatTemplate;
import io.infergrid.compute.tokenizer.StreamingDecoder;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** A model's words: its tokenizer, the form of its chats, its name. Immutable. */
public final class ModelText {

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final String name;
    private final String licence;

    private ModelText(Tokenizer tokenizer, ChatTemplate template, String name, String licence) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.name = name;
        this.licence = licence;
    }

    public static ModelText of(Path gguf) {
        try (GgufFile file = GgufFile.open(gguf)) {
            return of(file.metadata());
        }
    }

    public static ModelText of(GgufMetadata metadata) {
        return new ModelText(
                Tokenizer.of(metadata),
                ChatTemplate.of(metadata),
                metadata.optionalString("general.name").orElse("unnamed"),
                metadata.optionalString("general.license").orElse(""));
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public String name() {
        return name;
    }

    /** As the file states it; empty if it does not. */
    public String licence() {
        return licence;
    }

    /** The tokens of a chat up to where the assistant's next words begin. */
    public int[] chat(List<ChatMessage> messages) {
        return template.encode(tokenizer, messages.stream().map(ModelText::turn).toList());
    }

    private static io.infergrid.compute.tokenizer.ChatMessage turn(ChatMessage message) {
        return switch (message.role()) {
            case "system" -> io.infergrid.compute.tokenizer.ChatMessage.system(message.text());
            case "user" -> io.infergrid.compute.tokenizer.ChatMessage.user(message.text());
            case "assistant" -> io.infergrid.compute.tokenizer.ChatMessage.assistant(message.text());
            default ->
                throw new IllegalArgumentException(
                        "expected a role among system, user, assistant, found '" + message.role() + "'");
        };
    }

    /** Texts that end an answer in a chat, for models without a token for it. */
    public List<String> chatStopTexts() {
        return template.stopTexts();
    }

    /** The tokens of a text that the model is to continue. */
    public int[] plain(String prompt) {
        return tokenizer.encode(prompt, true, false);
    }

    /** Tokens that end an answer. */
    public Set<Integer> stopTokens() {
        return tokenizer.stops();
    }

    public StreamingDecoder decoder() {
        return tokenizer.decoder();
    }
}
