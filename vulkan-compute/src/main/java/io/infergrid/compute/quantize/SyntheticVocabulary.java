package io.infergrid.compute.quantize;

import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.tokenizer.ByteAlphabet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A byte-level BPE vocabulary of any size that every text can be written in: the 256 bytes, merges of lower-case letters into
 * longer and longer pieces, with and without a space before them, and three control tokens.
 */
record SyntheticVocabulary(List<String> tokens, List<String> merges, int bos, int eos) {

    private static final String LETTERS = "etaoinshrdlcumwfgypbvkjxqz";
    private static final List<String> CONTROLS = List.of("<|begin|>", "<|end|>", "<|pad|>");
    private static final int CONTROL = 3;
    private static final int NORMAL = 1;

    static SyntheticVocabulary ofSize(int size) {
        List<String> tokens = new ArrayList<>(CONTROLS);
        for (int b = 0; b < 256; b++) {
            tokens.add(String.valueOf(ByteAlphabet.character(b)));
        }
        if (size < tokens.size()) {
            throw new IllegalArgumentException(
                    "expected a vocabulary of at least " + tokens.size() + " tokens, found " + size);
        }
        List<String> merges = new ArrayList<>();
        Set<String> known = new HashSet<>(tokens);
        // pieces in order of length; each grows by one letter at its end
        List<String> roots = new ArrayList<>(List.of(String.valueOf(ByteAlphabet.character(' '))));
        LETTERS.chars().mapToObj(Character::toString).forEach(roots::add);
        for (int next = 0; tokens.size() < size; next++) {
            String root = roots.get(next);
            for (int i = 0; i < LETTERS.length() && tokens.size() < size; i++) {
                String letter = LETTERS.substring(i, i + 1);
                if (known.add(root + letter)) {
                    tokens.add(root + letter);
                    merges.add(root + " " + letter);
                    roots.add(root + letter);
                }
            }
        }
        return new SyntheticVocabulary(tokens, merges, 0, 1);
    }

    void describe(GgufMetadata.Builder builder) {
        int[] types = new int[tokens.size()];
        Arrays.fill(types, NORMAL);
        Arrays.fill(types, 0, CONTROLS.size(), CONTROL);
        builder.string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", "gpt-2")
                .strings("tokenizer.ggml.tokens", tokens)
                .int32s("tokenizer.ggml.token_type", types)
                .strings("tokenizer.ggml.merges", merges)
                .uint32("tokenizer.ggml.bos_token_id", bos)
                .uint32("tokenizer.ggml.eos_token_id", eos)
                .bool("tokenizer.ggml.add_bos_token", true)
                .bool("tokenizer.ggml.add_eos_token", false);
    }
}
