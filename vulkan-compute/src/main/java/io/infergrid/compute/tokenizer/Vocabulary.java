package io.infergrid.compute.tokenizer;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** The tokens of a GGUF with their kinds and scores, and the ids that have a meaning of their own. */
final class Vocabulary {

    private static final int MOST_TOKENS = 1 << 20;

    /** Texts of tokens that end a turn, as the families of models name them. */
    private static final Set<String> END_OF_TURN = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<|eom_id|>",
            "<EOT>",
            "<\uFF5Cend\u2581of\u2581sentence\uFF5C>");

    private final List<String> texts;
    private final TokenType[] types;
    private final float[] scores;
    private final Map<String, Integer> ids;
    private final OptionalInt bos;
    private final OptionalInt eos;
    private final OptionalInt endOfTurn;
    private final OptionalInt unknown;
    private final Set<Integer> stops;

    /**
     * @param bosAbsent id of the beginning of text if no key says it; -1 for none
     * @param eosAbsent the same for its end
     * @param unknownAbsent the same for the unknown token
     */
    Vocabulary(GgufMetadata metadata, int bosAbsent, int eosAbsent, int unknownAbsent) {
        texts = metadata.strings("tokenizer.ggml.tokens");
        if (texts.isEmpty() || texts.size() > MOST_TOKENS) {
            throw new GgufException("metadata key 'tokenizer.ggml.tokens': expected 1.." + MOST_TOKENS
                    + " tokens, found " + texts.size());
        }
        types = types(metadata, texts.size());
        scores = metadata.floats("tokenizer.ggml.scores");
        requireSize("tokenizer.ggml.scores", scores.length);
        ids = new HashMap<>(2 * texts.size());
        for (int id = 0; id < texts.size(); id++) {
            Integer first = ids.putIfAbsent(texts.get(id), id);
            if (first != null && !texts.get(id).isEmpty()) {
                throw new GgufException("metadata key 'tokenizer.ggml.tokens': expected tokens that differ, found '"
                        + shortened(texts.get(id)) + "' as " + first + " and as " + id);
            }
        }
        bos = id(metadata, "bos", bosAbsent);
        eos = id(metadata, "eos", eosAbsent);
        unknown = id(metadata, "unknown", unknownAbsent);
        endOfTurn = endOfTurn(metadata);
        stops = stops(metadata);
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    private static TokenType[] types(GgufMetadata metadata, int size) {
        int[] numbers = metadata.ints("tokenizer.ggml.token_type", 1, TokenType.count());
        var types = new TokenType[size];
        if (numbers.length != 0 && numbers.length != size) {
            throw new GgufException(
                    "metadata key 'tokenizer.ggml.token_type': expected " + size + " entries, found " + numbers.length);
        }
        for (int i = 0; i < size; i++) {
            types[i] = numbers.length == 0 ? TokenType.NORMAL : TokenType.ofNumber(numbers[i]);
        }
        return types;
    }

    private void requireSize(String key, int found) {
        if (found != 0 && found != texts.size()) {
            throw new GgufException(
                    "metadata key '" + key + "': expected " + texts.size() + " entries, found " + found);
        }
    }

    private OptionalInt id(GgufMetadata metadata, String name, int absent) {
        String key = "tokenizer.ggml." + name + "_token_id";
        if (metadata.has(key)) {
            return OptionalInt.of(metadata.requiredInt(key, 0, texts.size() - 1));
        }
        return absent >= 0 && absent < texts.size() ? OptionalInt.of(absent) : OptionalInt.empty();
    }

    private OptionalInt endOfTurn(GgufMetadata metadata) {
        OptionalInt named = id(metadata, "eot", -1);
        if (named.isPresent()) {
            return named;
        }
        for (String text : List.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<EOT>")) {
            Integer id = ids.get(text);
            if (id != null && types[id].isSpecial()) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    private Set<Integer> stops(GgufMetadata metadata) {
        Set<Integer> stops = new HashSet<>();
        eos.ifPresent(stops::add);
        endOfTurn.ifPresent(stops::add);
        id(metadata, "eom", -1).ifPresent(stops::add);
        for (String text : END_OF_TURN) {
            Integer id = ids.get(text);
            if (id != null && types[id].isSpecial()) {
                stops.add(id);
            }
        }
        return Set.copyOf(stops);
    }

    int size() {
        return texts.size();
    }

    String text(int id) {
        return texts.get(id);
    }

    TokenType type(int id) {
        return types[id];
    }

    float score(int id) {
        return scores.length == 0 ? 0 : scores[id];
    }

    /** Id of the token with this text, or -1. */
    int id(String text) {
        return ids.getOrDefault(text, -1);
    }

    OptionalInt bos() {
        return bos;
    }

    OptionalInt eos() {
        return eos;
    }

    OptionalInt endOfTurn() {
        return endOfTurn;
    }

    OptionalInt unknown() {
        return unknown;
    }

    /** Ids after which a model has nothing more to say. */
    Set<Integer> stops() {
        return stops;
    }

    /** Ids of special tokens with text to look for. */
    List<Integer> specials() {
        List<Integer> specials = new ArrayList<>();
        for (int id = 0; id < types.length; id++) {
            if (types[id].isSpecial() && !texts.get(id).isEmpty()) {
                specials.add(id);
            }
        }
        return specials;
    }
}
