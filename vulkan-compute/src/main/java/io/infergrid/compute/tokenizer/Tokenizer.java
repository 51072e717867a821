package io.infergrid.compute.tokenizer;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.OptionalInt;
import java.util.Set;

/** Text to token ids and back. Immutable and thread-safe. */
public sealed interface Tokenizer permits VocabularyTokenizer {

    /** Longest text that is tokenised at once, in UTF-16 units. */
    int LONGEST_TEXT = 1 << 24;

    /**
     * The tokenizer that a model's metadata describes.
     *
     * @throws GgufException if it describes none, an unknown kind, or one that does not fit together
     */
    static Tokenizer of(GgufMetadata metadata) {
        String model = metadata.requiredString("tokenizer.ggml.model");
        return switch (model) {
            case "llama" -> new SentencePieceTokenizer(metadata);
            case "gpt2" -> new ByteLevelTokenizer(metadata);
            default ->
                throw new GgufException(
                        "metadata key 'tokenizer.ggml.model': expected llama (SentencePiece) or gpt2 (byte-level BPE), found '"
                                + model.substring(0, Math.min(40, model.length())) + "'");
        };
    }

    /**
     * @param addSpecial whether the tokens of beginning and end are added where the model wants them
     * @param parseSpecial whether the text of a control token becomes that token; no for text from a user
     * @throws IllegalArgumentException if the text is longer than {@link #LONGEST_TEXT}
     */
    int[] encode(String text, boolean addSpecial, boolean parseSpecial);

    /** The text of these tokens without control tokens; bytes that are not UTF-8 become U+FFFD. */
    String decode(int... ids);

    /** The bytes that a token stands for; none for control tokens. */
    byte[] bytes(int id);

    /** The token as the vocabulary writes it. */
    String text(int id);

    /** The special token with exactly this text. */
    OptionalInt special(String text);

    int vocabularySize();

    OptionalInt bos();

    OptionalInt eos();

    /** The token that ends a turn of a chat, if it is not {@link #eos}. */
    OptionalInt endOfTurn();

    /** Every token after which a model has nothing more to say. */
    Set<Integer> stops();

    /** Whether {@code encode} with {@code addSpecial} starts with {@link #bos}. */
    boolean addsBos();

    /** A decoder for tokens as they come. */
    default StreamingDecoder decoder() {
        return new StreamingDecoder(this);
    }
}
