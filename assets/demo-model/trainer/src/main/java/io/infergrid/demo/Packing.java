package io.infergrid.demo;

/**
 * Rows of tokens for training: whole documents one after another, each opened by the begin token; the last is cut where the
 * row ends and its rest is dropped, so that no row starts in the middle of a text.
 */
final class Packing {
    private final Corpus corpus;
    private final BytePairs vocabulary;
    private final boolean heldOut;
    private long next;

    /**
     * @param first index of the first document
     */
    Packing(Corpus corpus, BytePairs vocabulary, boolean heldOut, long first) {
        this.corpus = corpus;
        this.vocabulary = vocabulary;
        this.heldOut = heldOut;
        this.next = first;
    }

    /** Index of the next document. */
    long next() {
        return next;
    }

    /** The next rows, [count][length]. */
    int[][] rows(int count, int length) {
        var rows = new int[count][length];
        for (var row : rows) {
            int filled = 0;
            while (filled < length) {
                var document = corpus.document(next++);
                if (document.heldOut() != heldOut) {
                    continue;
                }
                var tokens = vocabulary.encode(document.text());
                int taken = Math.min(tokens.length, length - filled);
                System.arraycopy(tokens, 0, row, filled, taken);
                filled += taken;
            }
        }
        return rows;
    }
}
