package io.infergrid.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A byte-level BPE vocabulary in the manner of GPT-2: 256 bytes, then merges by falling count, then the special tokens.
 * Words are cut by GPT-2's pattern, so {@code tokenizer.ggml.pre = gpt-2} describes it.
 */
final class BytePairs {
    static final List<String> SPECIAL = List.of(Corpus.BOS, Corpus.END, Corpus.USER, Corpus.ASSISTANT, Corpus.SYSTEM);
    private static final Pattern WORDS =
            Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
    private static final Pattern SPECIALS = Pattern.compile("<\\|(?:bos|end|user|assistant|system)\\|>");

    private final List<String> tokens = new ArrayList<>(); // in GPT-2's printable alphabet
    private final List<String> merges = new ArrayList<>(); // "left right"
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Long, Integer> ranks = new HashMap<>(); // pair of ids -> id of the merged token
    private final Map<String, int[]> known = new HashMap<>();

    private BytePairs(List<String> merges) {
        for (int b = 0; b < 256; b++) {
            add(String.valueOf(printable(b)));
        }
        for (var merge : merges) {
            int space = merge.indexOf(' ');
            var left = merge.substring(0, space);
            var right = merge.substring(space + 1);
            ranks.put(pair(id(left), id(right)), tokens.size());
            add(left + right);
            this.merges.add(merge);
        }
        SPECIAL.forEach(this::add);
    }

    /**
     * Learns merges from text.
     *
     * @param texts documents; special tokens in them are skipped
     * @param size number of tokens in all
     */
    static BytePairs learn(Iterable<String> texts, int size) {
        var counts = new LinkedHashMap<String, Integer>();
        for (var text : texts) {
            for (var part : SPECIALS.split(text)) {
                var words = WORDS.matcher(part);
                while (words.find()) {
                    counts.merge(words.group(), 1, Integer::sum);
                }
            }
        }
        var symbols = new ArrayList<List<String>>();
        var weights = new ArrayList<Integer>();
        counts.forEach((word, count) -> {
            symbols.add(new ArrayList<>(alphabet(word)));
            weights.add(count);
        });
        var merges = new ArrayList<String>();
        while (256 + merges.size() + SPECIAL.size() < size) {
            var pairs = new HashMap<String, Long>();
            for (int w = 0; w < symbols.size(); w++) {
                var word = symbols.get(w);
                for (int i = 0; i + 1 < word.size(); i++) {
                    pairs.merge(word.get(i) + " " + word.get(i + 1), (long) weights.get(w), Long::sum);
                }
            }
            var best = pairs.entrySet().stream()
                    .max(Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .orElseThrow(() -> new IllegalArgumentException("the text is too small for " + size + " tokens"))
                    .getKey();
            merges.add(best);
            symbols.forEach(word -> join(word, best));
        }
        return new BytePairs(merges);
    }

    private static void join(List<String> word, String merge) {
        int space = merge.indexOf(' ');
        var left = merge.substring(0, space);
        var right = merge.substring(space + 1);
        for (int i = 0; i + 1 < word.size(); i++) {
            if (word.get(i).equals(left) && word.get(i + 1).equals(right)) {
                word.set(i, left + right);
                word.remove(i + 1);
            }
        }
    }

    static BytePairs read(Path file) throws IOException {
        return new BytePairs(Files.readAllLines(file, StandardCharsets.UTF_8));
    }

    void write(Path file) throws IOException {
        Files.write(file, merges, StandardCharsets.UTF_8);
    }

    int size() {
        return tokens.size();
    }

    List<String> tokens() {
        return List.copyOf(tokens);
    }

    List<String> merges() {
        return List.copyOf(merges);
    }

    int id(String token) {
        var id = ids.get(token);
        if (id == null) {
            throw new IllegalArgumentException("no token " + token);
        }
        return id;
    }

    boolean isSpecial(int id) {
        return id >= tokens.size() - SPECIAL.size();
    }

    /** Token ids of a text in which special tokens are spelt out. */
    int[] encode(String text) {
        var result = new ArrayList<Integer>();
        var special = SPECIALS.matcher(text);
        int from = 0;
        while (special.find()) {
            encodeWords(text.substring(from, special.start()), result);
            result.add(id(special.group()));
            from = special.end();
        }
        encodeWords(text.substring(from), result);
        return result.stream().mapToInt(Integer::intValue).toArray();
    }

    private void encodeWords(String text, List<Integer> result) {
        var words = WORDS.matcher(text);
        while (words.find()) {
            for (int id : known.computeIfAbsent(words.group(), this::encodeWord)) {
                result.add(id);
            }
        }
    }

    private int[] encodeWord(String word) {
        var parts = alphabet(word).stream().mapToInt(this::id).toArray();
        int length = parts.length;
        while (true) {
            int best = -1;
            int bestId = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < length; i++) {
                int merged = ranks.getOrDefault(pair(parts[i], parts[i + 1]), Integer.MAX_VALUE);
                if (merged < bestId) {
                    bestId = merged;
                    best = i;
                }
            }
            if (best < 0) {
                return Arrays.copyOf(parts, length);
            }
            parts[best] = bestId;
            System.arraycopy(parts, best + 2, parts, best + 1, length - best - 2);
            length--;
        }
    }

    /** The text of token ids, special tokens spelt out. */
    String decode(int[] tokenIds) {
        var bytes = new java.io.ByteArrayOutputStream();
        for (int id : tokenIds) {
            var token = tokens.get(id);
            if (isSpecial(id)) {
                bytes.writeBytes(token.getBytes(StandardCharsets.UTF_8));
                continue;
            }
            token.chars().forEach(c -> bytes.write(id(String.valueOf((char) c))));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private void add(String token) {
        if (ids.putIfAbsent(token, tokens.size()) != null) {
            throw new IllegalArgumentException("token twice: " + token);
        }
        tokens.add(token);
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | right;
    }

    private static List<String> alphabet(String word) {
        var symbols = new ArrayList<String>();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            symbols.add(String.valueOf(printable(b & 0xFF)));
        }
        return symbols;
    }

    // GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the rest moves to U+0100 and up
    private static char printable(int b) {
        if (isPlain(b)) {
            return (char) b;
        }
        int shifted = 0;
        for (int other = 0; other < b; other++) {
            if (!isPlain(other)) {
                shifted++;
            }
        }
        return (char) (256 + shifted);
    }

    private static boolean isPlain(int b) {
        return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE && b <= 0xFF;
    }
}
