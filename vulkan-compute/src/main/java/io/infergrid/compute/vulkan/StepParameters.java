package io.infergrid.compute.vulkan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * What the host writes before each step; the layout of step.glsl.
 *
 * @param tokens of the step, each session's in the order of their positions
 * @param headRows indices of the tokens whose logits are wanted
 * @param pages of the tokens' sessions, one list after the other
 */
record StepParameters(List<Token> tokens, List<Integer> headRows, int[] pages) {

    /** Most tokens of a step. */
    static final int MOST_TOKENS = 32;

    private static final int HEADER_WORDS = 4;
    private static final int TOKEN_WORDS = 4;
    private static final int PAGES_WORD = HEADER_WORDS + TOKEN_WORDS * MOST_TOKENS;

    /**
     * One token of a step.
     *
     * @param position in its session
     * @param firstPage where its session's pages begin in {@link StepParameters#pages}
     */
    record Token(int position, int firstPage) {}

    /** Bytes of the buffer for steps whose sessions have so many pages together. */
    static long bytes(int pages) {
        return 4L * (PAGES_WORD + pages);
    }

    /** Chunks of 32 positions that the token of the highest position sees. */
    int chunks() {
        return tokens.stream().mapToInt(Token::position).max().orElse(0) / KeyValuePool.PAGE_POSITIONS + 1;
    }

    void write(MemorySegment to) {
        var words = new int[PAGES_WORD + pages.length];
        words[0] = tokens.size();
        words[1] = headRows.size();
        for (int i = 0; i < tokens.size(); i++) {
            words[HEADER_WORDS + TOKEN_WORDS * i] = tokens.get(i).position();
            words[HEADER_WORDS + TOKEN_WORDS * i + 1] = tokens.get(i).firstPage();
        }
        for (int i = 0; i < headRows.size(); i++) {
            words[HEADER_WORDS + TOKEN_WORDS * i + 2] = headRows.get(i);
        }
        System.arraycopy(pages, 0, words, PAGES_WORD, pages.length);
        MemorySegment.copy(words, 0, to, ValueLayout.JAVA_INT, 0, words.length);
    }
}
