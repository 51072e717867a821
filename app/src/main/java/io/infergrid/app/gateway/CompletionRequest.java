package io.infergrid.app.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.Rig.ChatMessage;
import io.infergrid.app.core.Rig.ChatOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * A request for a completion, checked: every field has its type and range, or the request is refused in words.
 *
 * @param messages of a chat; empty for a plain prompt
 * @param prompt of a plain completion; empty for a chat
 */
record CompletionRequest(
        String model,
        List<ChatMessage> messages,
        String prompt,
        ChatOptions options,
        boolean stream,
        boolean usageInStream) {

    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant");
    private static final int MOST_MESSAGES = 1000;
    private static final int MOST_STOPS = 4;
    private static final int MOST_TOKENS = 1_000_000;

    static CompletionRequest chat(JsonNode json, RandomGenerator random) {
        JsonNode messages = json.path("messages");
        if (!messages.isArray() || messages.isEmpty() || messages.size() > MOST_MESSAGES) {
            throw ApiError.badRequest("expected 1 to " + MOST_MESSAGES + " messages in 'messages'");
        }
        var all = new ArrayList<ChatMessage>();
        for (JsonNode message : messages) {
            String role = text(message, "role", "");
            if (!ROLES.contains(role)) {
                throw ApiError.badRequest(
                        "expected a role among system, developer, user, assistant, found '" + shorten(role) + "'");
            }
            all.add(new ChatMessage(role.equals("developer") ? "system" : role, content(message.path("content"))));
        }
        return new CompletionRequest(
                text(json, "model", ""), all, "", options(json, random), flag(json, "stream"), usageInStream(json));
    }

    static CompletionRequest plain(JsonNode json, RandomGenerator random) {
        JsonNode prompt = json.path("prompt");
        if (prompt.isArray() && prompt.size() == 1) {
            prompt = prompt.get(0);
        }
        if (!prompt.isTextual() || prompt.textValue().isEmpty()) {
            throw ApiError.badRequest("expected one text in 'prompt'");
        }
        return new CompletionRequest(
                text(json, "model", ""),
                List.of(),
                prompt.textValue(),
                options(json, random),
                flag(json, "stream"),
                usageInStream(json));
    }

    private static boolean usageInStream(JsonNode json) {
        return flag(json.path("stream_options"), "include_usage");
    }

    private static ChatOptions options(JsonNode json, RandomGenerator random) {
        if (integer(json, "n", 1, 1, Integer.MAX_VALUE) != 1) {
            throw ApiError.badRequest("expected n of 1: this gateway gives one answer a request");
        }
        String limit = json.hasNonNull("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        return new ChatOptions(
                (int) integer(json, limit, 256, 1, MOST_TOKENS),
                (float) number(json, "temperature", 1, 0, 2),
                (float) number(json, "top_p", 1, Float.MIN_NORMAL, 1),
                integer(json, "seed", random.nextLong(1L << 53), Long.MIN_VALUE, Long.MAX_VALUE),
                stops(json.path("stop")));
    }

    private static List<String> stops(JsonNode stop) {
        if (stop.isMissingNode() || stop.isNull()) {
            return List.of();
        }
        var all = new ArrayList<String>();
        for (JsonNode one : stop.isArray() ? stop : List.of(stop)) {
            if (!one.isTextual() || one.textValue().isEmpty()) {
                throw ApiError.badRequest("expected 'stop' to be a text or a list of texts, none empty");
            }
            all.add(one.textValue());
        }
        if (all.size() > MOST_STOPS) {
            throw ApiError.badRequest("expected at most " + MOST_STOPS + " texts in 'stop', found " + all.size());
        }
        return all;
    }

    /** A text, or OpenAI's list of parts, of which only text is understood. */
    private static String content(JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw ApiError.badRequest("expected a text or a list of text parts in 'content'");
        }
        var text = new StringBuilder();
        for (JsonNode part : content) {
            if (!text(part, "type", "").equals("text") || !part.path("text").isTextual()) {
                throw ApiError.badRequest("expected parts of type text in 'content': this model reads nothing else");
            }
            text.append(part.path("text").textValue());
        }
        return text.toString();
    }

    private static String text(JsonNode json, String name, String otherwise) {
        JsonNode value = json.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isTextual()) {
            throw ApiError.badRequest("expected a text in '" + name + "'");
        }
        return value.textValue();
    }

    private static boolean flag(JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw ApiError.badRequest("expected true or false in '" + name + "'");
        }
        return value.asBoolean(false);
    }

    private static long integer(JsonNode json, String name, long otherwise, long least, long most) {
        JsonNode value = json.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            throw ApiError.badRequest("expected a whole number from " + least + " to " + most + " in '" + name
                    + "', found " + shorten(value.toString()));
        }
        return value.longValue();
    }

    private static double number(JsonNode json, String name, double otherwise, double least, double most) {
        JsonNode value = json.path(name);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        double number = value.doubleValue();
        if (!value.isNumber() || !(number >= least && number <= most)) {
            throw ApiError.badRequest("expected a number from " + least + " to " + most + " in '" + name + "', found "
                    + shorten(value.toString()));
        }
        return number;
    }

    private static String shorten(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
