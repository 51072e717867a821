package io.infergrid.compute.tokenizer;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.jinja.JinjaException;
import io.infergrid.compute.jinja.JinjaTemplate;
import io.infergrid.compute.jinja.Text;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model learned to hold conversations: the Jinja template in its file, or one of the layouts that are known by name where
 * there is no template or it cannot be run. Either way what a user writes never becomes a control token. Immutable and
 * thread-safe.
 */
public final class ChatTemplate {

    private static final Logger LOG = LoggerFactory.getLogger(ChatTemplate.class);
    private static final String KEY = "tokenizer.chat_template";

    private final @Nullable JinjaTemplate jinja;
    private final NamedTemplate named;
    private final Optional<String> note;

    private ChatTemplate(@Nullable JinjaTemplate jinja, NamedTemplate named, Optional<String> note) {
        this.jinja = jinja;
        this.named = named;
        this.note = note;
    }

    /** What a model's metadata describes; plain {@code User:} and {@code Assistant:} lines if it describes nothing. */
    public static ChatTemplate of(GgufMetadata metadata) {
        return metadata.optionalString(KEY)
                .map(ChatTemplate::of)
                .orElseGet(() -> new ChatTemplate(null, NamedTemplate.PLAIN, Optional.empty()));
    }

    static ChatTemplate of(String template) {
        NamedTemplate named = NamedTemplate.recognise(template);
        try {
            return new ChatTemplate(JinjaTemplate.parse(template), named, Optional.empty());
        } catch (JinjaException unreadable) {
            String note = "metadata key '" + KEY + "': " + unreadable.getMessage() + "; the layout " + named
                    + " is used instead";
            LOG.warn("{}", note);
            return new ChatTemplate(null, named, Optional.of(note));
        }
    }

    /** Why the model's own template is not used, in a sentence; empty if it is, or if there is none. */
    public Optional<String> note() {
        return note;
    }

    /**
     * The tokens of a conversation, ready for the model to answer.
     *
     * @param messages in order; the last one is usually the user's
     */
    public int[] encode(Tokenizer tokenizer, List<ChatMessage> messages) {
        return encode(tokenizer, messages, LocalDateTime.now(ZoneId.systemDefault()));
    }

    int[] encode(Tokenizer tokenizer, List<ChatMessage> messages, LocalDateTime now) {
        if (jinja == null) {
            return named.encode(tokenizer, messages);
        }
        try {
            return withBeginning(
                    tokenizer, ((VocabularyTokenizer) tokenizer).encode(written(tokenizer, messages, now)));
        } catch (JinjaException refused) {
            LOG.info(
                    "The model's chat template cannot lay out this conversation ({}); {} does.",
                    refused.getMessage(),
                    named);
            return named.encode(tokenizer, messages);
        }
    }

    /** What the model's own template writes. */
    Text written(Tokenizer tokenizer, List<ChatMessage> messages, LocalDateTime now) {
        if (jinja == null) {
            throw new JinjaException("expected a template, found none");
        }
        List<Map<String, Object>> turns =
                messages.stream().map(ChatTemplate::turn).toList();
        return jinja.render(
                Map.of(
                        "messages",
                        turns,
                        "add_generation_prompt",
                        true,
                        "bos_token",
                        text(tokenizer, tokenizer.bos()),
                        "eos_token",
                        text(tokenizer, tokenizer.eos())),
                now);
    }

    private static Map<String, Object> turn(ChatMessage message) {
        // in this order, should a template write the message as JSON
        var turn = new LinkedHashMap<String, Object>();
        turn.put("role", message.role().word());
        turn.put("content", Text.ofUser(message.content()));
        return turn;
    }

    private static String text(Tokenizer tokenizer, OptionalInt id) {
        return id.isPresent() ? tokenizer.text(id.getAsInt()) : "";
    }

    /** Some templates write the token of the beginning and some leave it to the tokenizer. */
    private static int[] withBeginning(Tokenizer tokenizer, int... ids) {
        OptionalInt bos = tokenizer.bos();
        if (!tokenizer.addsBos() || bos.isEmpty() || (ids.length > 0 && ids[0] == bos.getAsInt())) {
            return ids;
        }
        var all = new int[ids.length + 1];
        all[0] = bos.getAsInt();
        System.arraycopy(ids, 0, all, 1, ids.length);
        return all;
    }

    /** Texts that end an answer, for layouts without a token for it. */
    public List<String> stopTexts() {
        return jinja == null ? named.stopTexts() : List.of();
    }
}
