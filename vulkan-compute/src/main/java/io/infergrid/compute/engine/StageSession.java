package io.infergrid.compute.engine;

/** One conversation's state on one stage: its position and KV cache. Used by one thread at a time. */
public interface StageSession extends AutoCloseable {

    /** Number of positions in the cache; the next input starts here. */
    int position();

    /** Forgets every position from {@code position} on, so that it can be computed again. */
    void rewind(int position);

    /**
     * Runs the stage over the next positions and appends them to the cache. The bytes do not depend on how many positions
     * come in one call.
     *
     * @param input tokens if the stage has the embedding, else a boundary
     * @param wanted for a stage with the head: for which of the positions logits are returned; without a head every
     *     position's boundary is returned
     * @throws IllegalArgumentException if the input is of the wrong kind, or leaves the session's maximum of positions
     * @throws CacheFullException if the new positions' keys and values, and those of a suspended session, do not fit in the
     *     stage's limits; the session has not moved then
     */
    StageOutput forward(StageInput input, LogitsWanted wanted);

    /**
     * Moves the session's keys and values out of the stage's cache (from a device to the host's memory, from the host's memory
     * to a file), so that other sessions have the room. The next {@link #forward} brings them back first, byte for byte. Does
     * nothing if the session is suspended already, or if its backend has no limit to keep.
     */
    default void suspend() {}

    @Override
    void close();

    enum LogitsWanted {
        LAST,
        ALL
    }
}
