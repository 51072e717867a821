package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.compute.gguf.GgufMetadata;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/**
 * SentencePiece's BPE: characters merge to the neighbouring pair whose token has the highest score, the leftmost first;
 * characters that are in no token become their bytes. Spaces are U+2581.
 */
final class SentencePieceTokenizer extends VocabularyTokenizer {

    private static final char SPACE = '\u2581';
    private static final int MOST_SEEN = 1 << 16;
    private static final byte[] NOTHING = {};

    private final boolean addSpacePrefix;
    private final int longestToken;
    private final int[] byteTokens = new int[256];

    SentencePieceTokenizer(GgufMetadata metadata) {
        super(new Vocabulary(metadata, 1, 2, 0), metadata, true);
        addSpacePrefix = metadata.optionalBoolean("tokenizer.ggml.add_space_prefix", true);
        int longest = 0;
        for (int id = 0; id < vocabulary.size(); id++) {
            longest = Math.max(longest, vocabulary.text(id).length());
        }
        longestToken = longest;
        for (int b = 0; b < 256; b++) {
            int id = vocabulary.id("<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) b) + ">");
            if (id < 0) {
                id = vocabulary.id(String.valueOf((char) b));
            }
            byteTokens[b] = id >= 0 ? id : vocabulary.unknown().orElse(-1);
        }
    }

    @Override
    void encodeText(String text, boolean afterSpecial, IntList ids) {
        String prefixed = addSpacePrefix && afterSpecial ? " " + text : text;
        int[] symbols =
                prefixed.replace(' ', SPACE).codePoints().map(this::symbol).toArray();
        var merged = new IntList();
        // text repeats its pairs, and looking one up means to join two strings
        Map<Long, Long> seen = new HashMap<>();
        MergeQueue.merge(
                symbols,
                (left, right) -> {
                    long pair = ((long) left << 32) | (right & 0xFFFF_FFFFL);
                    Long known = seen.get(pair);
                    if (known == null) {
                        known = mergeByScore(left, right);
                        if (seen.size() < MOST_SEEN) {
                            seen.put(pair, known);
                        }
                    }
                    return known;
                },
                merged);
        for (int i = 0; i < merged.size(); i++) {
            int symbol = merged.get(i);
            if (symbol >= 0) {
                ids.add(symbol);
            } else {
                addBytes(textOfSymbol(symbol), ids);
            }
        }
    }

    /** The character's token, or for a character without one a negative number that stands for it. */
    private int symbol(int codePoint) {
        int id = vocabulary.id(Character.toString(codePoint));
        return id >= 0 ? id : -1 - codePoint;
    }

    private String textOfSymbol(int symbol) {
        return symbol >= 0 ? vocabulary.text(symbol) : Character.toString(-1 - symbol);
    }

    private long mergeByScore(int left, int right) {
        String leftText = textOfSymbol(left);
        String rightText = textOfSymbol(right);
        if (leftText.length() + rightText.length() > longestToken) {
            return MergeQueue.Merges.NONE;
        }
        int id = vocabulary.id(leftText + rightText);
        return id < 0 ? MergeQueue.Merges.NONE : MergeQueue.Merges.of(rank(vocabulary.score(id)), id);
    }

    /** An int that is the lower, the higher the score. */
    private static int rank(float score) {
        int bits = Float.floatToIntBits(score + 0f); // so that -0 is 0
        return ~(bits ^ ((bits >> 31) & Integer.MAX_VALUE));
    }

    private void addBytes(String text, IntList ids) {
        for (byte b : text.getBytes(UTF_8)) {
            int id = byteTokens[b & 0xFF];
            if (id >= 0) {
                ids.add(id);
            }
        }
    }

    @Override
    public byte[] bytes(int id) {
        String text = vocabulary.text(id);
        return switch (vocabulary.type(id)) {
            case NORMAL -> text.replace(SPACE, ' ').getBytes(UTF_8);
            case USER_DEFINED -> text.getBytes(UTF_8);
            case BYTE -> byteOf(text);
            case CONTROL, UNKNOWN, UNUSED -> NOTHING;
        };
    }

    /** The byte that {@code <0xAB>} stands for. */
    private static byte[] byteOf(String text) {
        boolean hexadecimal = text.length() == 6
                && text.startsWith("<0x")
                && text.endsWith(">")
                && HexFormat.isHexDigit(text.charAt(3))
                && HexFormat.isHexDigit(text.charAt(4));
        return hexadecimal
                ? HexFormat.of().parseHex(text.substring(3, 5).toLowerCase(Locale.ROOT))
                : text.getBytes(UTF_8);
    }

    /** Without the space that {@link #encode} puts before the first word. */
    @Override
    public String decode(int... ids) {
        String text = super.decode(ids);
        return addSpacePrefix && text.startsWith(" ") ? text.substring(1) : text;
    }
}
