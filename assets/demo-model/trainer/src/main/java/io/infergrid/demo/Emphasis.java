package io.infergrid.demo;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.Stream;

/**
 * How much each token counts. What the user says counts less than the answers, for nobody asks the model to guess it. More count names, characters and objects that the text has named before. A small model learns the sentences
 * long before it learns to keep to who was asked for; most of what it still gets wrong is chance that nobody could guess.
 */
final class Emphasis {
    /** Factor of what the user says. */
    static final float ASKED = 0.3f;

    private final BitSet words = new BitSet();
    private final int begin;
    private final int user;
    private final int end;

    Emphasis(BytePairs vocabulary) {
        this.begin = vocabulary.id(Corpus.BOS);
        this.user = vocabulary.id(Corpus.USER);
        this.end = vocabulary.id(Corpus.END);
        Stream.of(Cast.KINDS, Cast.thingNouns(), Cast.names())
                .flatMap(java.util.List::stream)
                .flatMap(word -> Stream.of(" " + word, Cast.capital(word)))
                .forEach(word -> words.set(vocabulary.encode(word)[0]));
    }

    /**
     * One factor for each next token of rows, [batch * (length - 1)].
     *
     * @param factor for what was named before
     */
    float[] of(int[][] rows, float factor) {
        int length = rows[0].length - 1;
        var result = new float[rows.length * length];
        Arrays.fill(result, 1f);
        var seen = new BitSet();
        for (int r = 0; r < rows.length; r++) {
            seen.clear();
            boolean asking = false;
            for (int t = 0; t <= length; t++) {
                int token = rows[r][t];
                if (token == begin) {
                    seen.clear();
                }
                if (asking && t > 0) {
                    result[r * length + t - 1] = ASKED;
                }
                asking = token == user || asking && token != end && token != begin;
                if (!words.get(token)) {
                    continue;
                }
                if (t > 0 && !asking && seen.get(token)) {
                    result[r * length + t - 1] = factor;
                }
                seen.set(token);
            }
        }
        return result;
    }
}
