package io.infergrid.compute.vulkan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the host writes before each step; the layout of step.glsl. */
record StepParameters(int start, int count, int headRow, int heads) {

    static final long BYTES = 32;

    /** Where the work groups of attention's indirect dispatches are. */
    static final long GROUPS_OFFSET = 16;

    void write(MemorySegment to) {
        int chunks = (start + count + 31) / 32;
        int[] words = {start, count, headRow, 0, chunks, heads, count, 0};
        MemorySegment.copy(words, 0, to, ValueLayout.JAVA_INT, 0, words.length);
    }
}
