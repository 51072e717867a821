package io.infergrid.app.gateway;

import io.infergrid.app.core.Rig.ChatResult;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON of one answer, as OpenAI's API gives it for a chat or for a plain completion, whole or in pieces. */
final class CompletionShape {

    private final boolean chat;
    private final String model;
    private final String id;
    private final long created;
    private boolean first = true;

    CompletionShape(boolean chat, String model, String id, Instant created) {
        this.chat = chat;
        this.model = model;
        this.id = chat ? "chat" + id : id;
        this.created = created.getEpochSecond();
    }

    Map<String, Object> whole(ChatResult result) {
        var choice = new LinkedHashMap<String, @Nullable Object>();
        choice.put("index", 0);
        if (chat) {
            choice.put("message", Map.of("role", "assistant", "content", result.text()));
        } else {
            choice.put("text", result.text());
        }
        choice.put("logprobs", null);
        choice.put("finish_reason", result.finishReason());
        Map<String, Object> body = envelope(chat ? "chat.completion" : "text_completion", List.of(choice));
        body.put("usage", usage(result));
        return body;
    }

    Map<String, Object> piece(String text) {
        return chunk(text, null);
    }

    Map<String, Object> last(String finishReason) {
        return chunk("", finishReason);
    }

    /** The event before the last, for clients that asked for it. */
    Map<String, Object> usageOnly(ChatResult result) {
        Map<String, Object> body = envelope(chat ? "chat.completion.chunk" : "text_completion", List.of());
        body.put("usage", usage(result));
        return body;
    }

    private Map<String, Object> chunk(String text, @Nullable String finishReason) {
        var choice = new LinkedHashMap<String, @Nullable Object>();
        choice.put("index", 0);
        if (chat) {
            var delta = new LinkedHashMap<String, Object>();
            if (first) {
                delta.put("role", "assistant");
            }
            if (!text.isEmpty()) {
                delta.put("content", text);
            }
            choice.put("delta", delta);
        } else {
            choice.put("text", text);
        }
        choice.put("logprobs", null);
        choice.put("finish_reason", finishReason);
        first = false;
        return envelope(chat ? "chat.completion.chunk" : "text_completion", List.of(choice));
    }

    private Map<String, Object> envelope(String object, List<?> choices) {
        var body = new LinkedHashMap<String, Object>();
        body.put("id", id);
        body.put("object", object);
        body.put("created", created);
        body.put("model", model);
        body.put("choices", choices);
        return body;
    }

    private static Map<String, Object> usage(ChatResult result) {
        var usage = new LinkedHashMap<String, Object>();
        usage.put("prompt_tokens", result.promptTokens());
        usage.put("completion_tokens", result.completionTokens());
        usage.put("total_tokens", result.promptTokens() + result.completionTokens());
        return usage;
    }
}
