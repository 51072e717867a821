package io.infergrid.compute.engine;

import io.infergrid.compute.model.ModelConfig;

/** A loaded stage; thread-safe. Closing it frees its weights; its sessions must be closed before. */
public interface Stage extends AutoCloseable {

    ModelConfig config();

    StageSpec spec();

    /** Bytes of device (or host) memory that the weights take. */
    long weightBytes();

    /** Opens a session with an empty KV cache for up to {@code maxPositions} positions. */
    StageSession open(int maxPositions);

    @Override
    void close();
}
