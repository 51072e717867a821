package io.infergrid.compute.vulkan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How attention is cut into dispatches that are short enough for {@link Pace}: by chunks of 32 positions. A recorded step has a
 * piece for every position that it may see; each time it is replayed, the host writes how many chunks of each piece there are.
 *
 * @param chunksEach chunks of a piece, the last one's may be fewer
 * @param count pieces
 * @param workOfChunk of one chunk of every head and token of the step, in multiply-adds of a matrix
 */
record AttentionPieces(int chunksEach, int count, long workOfChunk) {

    /**
     * How many of a matrix's multiply-adds take as long as one of attention, which reads a key and a value for each: measured on
     * lavapipe, where a hundredth of a block's multiply-adds are a tenth of its time.
     */
    private static final long WEIGHT = 10;

    private static final int CHUNK = KeyValuePool.PAGE_POSITIONS;

    /** Bytes of the three words that an indirect dispatch takes. */
    private static final long GROUPS_BYTES = 12;

    /** @param mostWork of a submission */
    static AttentionPieces of(int positions, int tokens, Kernels.Heads heads, long mostWork) {
        int chunks = (positions + CHUNK - 1) / CHUNK;
        long work = WEIGHT * tokens * heads.heads() * heads.headDimension() * CHUNK;
        int each = (int) Math.clamp(mostWork / work, 1, chunks);
        return new AttentionPieces(each, (chunks + each - 1) / each, work);
    }

    /** Bytes of the words for steps of up to so many positions, however they are cut. */
    static long bytes(int positions) {
        return GROUPS_BYTES * ((positions + CHUNK - 1) / CHUNK);
    }

    /** Where the work groups of a piece are in what {@link #write} writes. */
    static long offset(int piece) {
        return GROUPS_BYTES * piece;
    }

    int firstChunk(int piece) {
        return piece * chunksEach;
    }

    /** Chunks of a piece if there are {@code chunks} in all. */
    int chunksOf(int piece, int chunks) {
        return Math.clamp(chunks - firstChunk(piece), 0, chunksEach);
    }

    /** Writes work groups [chunks, heads, tokens] of each piece. */
    void write(MemorySegment to, int chunks, int heads, int tokens) {
        for (int piece = 0; piece < count; piece++) {
            long at = offset(piece);
            to.set(ValueLayout.JAVA_INT, at, chunksOf(piece, chunks));
            to.set(ValueLayout.JAVA_INT, at + 4, heads);
            to.set(ValueLayout.JAVA_INT, at + 8, tokens);
        }
    }
}
