package io.infergrid.compute.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Finds special tokens in text: longer ones first in the whole text, those of one length from left to right, as llama.cpp
 * does.
 */
final class SpecialTokens {

    /** Longer ones are not looked for; none in use is half as long. */
    private static final int LONGEST = 256;

    /** What the text consists of, in order. */
    interface Pieces {
        void text(String text, int from, int to);

        void token(int id);
    }

    /** Tokens of one length by their text, and the characters that they start with. */
    private record SameLength(Map<String, Integer> ids, BitSet starts) {
        SameLength() {
            this(new HashMap<>(), new BitSet());
        }
    }

    private record Found(int id, int length) {}

    private final NavigableMap<Integer, SameLength> always = new TreeMap<>();
    private final NavigableMap<Integer, SameLength> withControl = new TreeMap<>();

    SpecialTokens(Vocabulary vocabulary) {
        for (int id : vocabulary.specials()) {
            String text = vocabulary.text(id);
            if (text.length() <= LONGEST) {
                add(withControl, text, id);
                if (vocabulary.type(id) == TokenType.USER_DEFINED) {
                    add(always, text, id);
                }
            }
        }
    }

    private static void add(NavigableMap<Integer, SameLength> tokens, String text, int id) {
        SameLength same = tokens.computeIfAbsent(text.length(), _ -> new SameLength());
        same.ids().putIfAbsent(text, id);
        same.starts().set(text.charAt(0));
    }

    /** @param control whether control tokens are looked for as well as user-defined ones */
    void split(String text, boolean control, Pieces pieces) {
        NavigableMap<Integer, SameLength> tokens = control ? withControl : always;
        if (tokens.isEmpty()) {
            emit(text, 0, text.length(), pieces);
            return;
        }
        // found by where they start; taken are all characters of them
        var found = new HashMap<Integer, Found>();
        var taken = new BitSet();
        tokens.descendingMap().forEach((length, same) -> find(text, length, same, found, taken));
        int from = 0;
        for (int at = taken.nextSetBit(0); at >= 0; at = taken.nextSetBit(from)) {
            emit(text, from, at, pieces);
            Found token = Objects.requireNonNull(found.get(at));
            pieces.token(token.id());
            from = at + token.length();
        }
        emit(text, from, text.length(), pieces);
    }

    private static void find(String text, int length, SameLength same, Map<Integer, Found> found, BitSet taken) {
        for (int at = 0; at + length <= text.length(); at++) {
            if (!same.starts().get(text.charAt(at))) {
                continue;
            }
            int next = taken.nextSetBit(at);
            if (next >= 0 && next < at + length) {
                at = taken.nextClearBit(next) - 1;
                continue;
            }
            Integer id = same.ids().get(text.substring(at, at + length));
            if (id != null) {
                found.put(at, new Found(id, length));
                taken.set(at, at + length);
                at += length - 1;
            }
        }
    }

    private static void emit(String text, int from, int to, Pieces pieces) {
        if (from < to) {
            pieces.text(text, from, to);
        }
    }
}
