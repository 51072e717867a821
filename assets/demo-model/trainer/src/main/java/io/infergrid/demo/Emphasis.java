package io.infergrid.demo;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.Stream;

/**
 * Which tokens count more: names, characters and objects that the text has named before. A small model learns the sentences
 * long before it learns to keep to who was asked for; most of what it still gets wrong is chance that nobody could guess.
 */
final class Emphasis {
    private final BitSet words = new BitSet();
    private final int begin;
    private final float factor;

    Emphasis(BytePairs vocabulary, float factor) {
        this.begin = vocabulary.id(Corpus.BOS);
        this.factor = factor;
        Stream.of(Cast.KINDS, Cast.thingNouns(), Cast.HER, Cast.HIM)
                .flatMap(java.util.List::stream)
                .flatMap(word -> Stream.of(" " + word, Cast.capital(word)))
                .forEach(word -> words.set(vocabulary.encode(word)[0]));
    }

    /** One factor for each next token of rows, [batch * (length - 1)]. */
    float[] of(int[][] rows) {
        int length = rows[0].length - 1;
        var result = new float[rows.length * length];
        Arrays.fill(result, 1f);
        var seen = new BitSet();
        for (int r = 0; r < rows.length; r++) {
            seen.clear();
            for (int t = 0; t <= length; t++) {
                int token = rows[r][t];
                if (token == begin) {
                    seen.clear();
                }
                if (!words.get(token)) {
                    continue;
                }
                if (t > 0 && seen.get(token)) {
                    result[r * length + t - 1] = factor;
                }
                seen.set(token);
            }
        }
        return result;
    }
}
