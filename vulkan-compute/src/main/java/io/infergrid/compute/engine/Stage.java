package io.infergrid.compute.engine;

import io.infergrid.compute.model.ModelConfig;
import java.util.List;

/** A loaded stage; thread-safe. Closing it frees its weights; its sessions must be closed before. */
public interface Stage extends AutoCloseable {

    ModelConfig config();

    StageSpec spec();

    /** Bytes of device (or host) memory that the weights take. */
    long weightBytes();

    /** Bytes of memory that its sessions' keys and values take now; suspended ones take none. */
    default long cacheBytes() {
        return 0;
    }

    /** Bytes that a page of {@link StageLimits#PAGE_POSITIONS} positions of a session takes in {@link #cacheBytes}. */
    default long cachePageBytes() {
        return 0;
    }

    /** Opens a session with an empty KV cache for up to {@code maxPositions} positions. */
    StageSession open(int maxPositions);

    /**
     * Runs several sessions of this stage at once, each over its own next positions (continuous batching): the weights are
     * read once for all of them. The bytes of each session are those it would have alone.
     *
     * @param batch sessions of this stage, no session twice
     * @return one output for each, in order
     * @throws IllegalArgumentException if a session is not of this stage, comes twice, or its input does not fit it; no
     *     session has moved then
     * @throws CacheFullException if the keys and values of all of them do not fit in the stage's limits; no session has moved
     *     then
     */
    default List<StageOutput> forward(List<Work> batch) {
        return batch.stream()
                .map(work -> work.session().forward(work.input(), work.wanted()))
                .toList();
    }

    /** One session's part of a batch. */
    record Work(StageSession session, StageInput input, StageSession.LogitsWanted wanted) {}

    @Override
    void close();
}
