package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Byte-level BPE (GPT-2): text is cut into words by the rules of a {@link PreTokenizer}, a word's bytes merge in the order
 * of the model's list of merges. Symbols below the vocabulary's size are tokens; a merge may also lead through pieces that are
 * none.
 */
final class ByteLevelTokenizer extends VocabularyTokenizer {

    private static final int MOST_MERGES = 1 << 21;
    private static final byte[] NOTHING = {};

    private final PreTokenizer words;
    private final Map<String, Integer> extraSymbols = new HashMap<>();
    private final Map<Long, Long> merges;
    private final int[] byteSymbols = new int[256];
    private final String[] extraTexts;

    ByteLevelTokenizer(GgufMetadata metadata) {
        this(metadata, PreTokenizer.named(metadata.optionalString("tokenizer.ggml.pre")));
    }

    private ByteLevelTokenizer(GgufMetadata metadata, PreTokenizer words) {
        super(new Vocabulary(metadata, -1, -1, -1), metadata, words.addsBos());
        this.words = words;
        for (int b = 0; b < 256; b++) {
            byteSymbols[b] = symbol(String.valueOf(ByteAlphabet.character(b)));
        }
        merges = merges(metadata.strings("tokenizer.ggml.merges"));
        extraTexts = new String[extraSymbols.size()];
        extraSymbols.forEach((text, symbol) -> extraTexts[symbol - vocabulary.size()] = text);
    }

    private Map<Long, Long> merges(List<String> lines) {
        if (lines.size() > MOST_MERGES) {
            throw new GgufException("metadata key 'tokenizer.ggml.merges': expected at most " + MOST_MERGES
                    + " merges, found " + lines.size());
        }
        Map<Long, Long> ranked = new HashMap<>(2 * lines.size());
        for (int rank = 0; rank < lines.size(); rank++) {
            String line = lines.get(rank);
            int space = line.indexOf(' ', 1);
            if (space < 0) {
                throw new GgufException(
                        "metadata key 'tokenizer.ggml.merges': expected two pieces and a space between in entry " + rank
                                + ", found none");
            }
            String left = line.substring(0, space);
            String right = line.substring(space + 1);
            ranked.putIfAbsent(pair(symbol(left), symbol(right)), MergeQueue.Merges.of(rank, symbol(left + right)));
        }
        return ranked;
    }

    private int symbol(String text) {
        int id = vocabulary.id(text);
        return id >= 0 ? id : extraSymbols.computeIfAbsent(text, _ -> vocabulary.size() + extraSymbols.size());
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | (right & 0xFFFF_FFFFL);
    }

    @Override
    void encodeText(String text, boolean afterSpecial, IntList ids) {
        String prepared = words.prepared(text);
        words.split(prepared, (from, to) -> encodeWord(prepared.substring(from, to), ids));
    }

    private void encodeWord(String word, IntList ids) {
        byte[] bytes = word.getBytes(UTF_8);
        if (words.prefersWholeWords()) {
            int whole = vocabulary.id(ByteAlphabet.write(word));
            if (whole >= 0) {
                ids.add(whole);
                return;
            }
        }
        int[] symbols = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            symbols[i] = byteSymbols[bytes[i] & 0xFF];
        }
        var merged = new IntList();
        MergeQueue.merge(
                symbols, (left, right) -> merges.getOrDefault(pair(left, right), MergeQueue.Merges.NONE), merged);
        for (int i = 0; i < merged.size(); i++) {
            addTokens(merged.get(i), ids);
        }
    }

    /** A piece that is no token becomes the tokens of its characters, and nothing where there are none. */
    private void addTokens(int symbol, IntList ids) {
        if (symbol < vocabulary.size()) {
            ids.add(symbol);
            return;
        }
        extraTexts[symbol - vocabulary.size()].codePoints().forEach(c -> {
            int id = vocabulary.id(Character.toString(c));
            if (id >= 0) {
                ids.add(id);
            }
        });
    }

    @Override
    public byte[] bytes(int id) {
        return switch (vocabulary.type(id)) {
            case NORMAL, BYTE, UNUSED -> ByteAlphabet.read(vocabulary.text(id));
            case USER_DEFINED -> vocabulary.text(id).getBytes(UTF_8);
            case CONTROL, UNKNOWN -> NOTHING;
        };
    }
}
