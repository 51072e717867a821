package io.infergrid.grid.pipeline;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.OpenTensors;

/**
 * A stage that this node serves: the engine's, with what it was loaded from.
 *
 * @param tensors closed after the stage
 * @param stepTime measured over single tokens
 */
public record LoadedStage(
        Hash model, Manifest manifest, BlockRange blocks, Stage stage, OpenTensors tensors, StepTime stepTime) {

    public LoadedStage(Hash model, Manifest manifest, BlockRange blocks, Stage stage, OpenTensors tensors) {
        this(model, manifest, blocks, stage, tensors, new StepTime());
    }

    boolean first() {
        return blocks.first() == 0;
    }

    boolean last() {
        return blocks.end() == manifest.blocks();
    }

    /** Bytes of KV cache for so many positions, in the whole pages that the backend takes. */
    long kvBytes(int positions) {
        long pages = Math.ceilDiv(positions, StageLimits.PAGE_POSITIONS);
        long pageBytes = stage.cachePageBytes();
        return pages * (pageBytes > 0 ? pageBytes : widestPageBytes());
    }

    /** The most positions whose keys and values take no more than so many bytes. */
    long positionsWithin(long bytes) {
        return bytes / Math.max(1, kvBytes(1)) * StageLimits.PAGE_POSITIONS;
    }

    /** For a backend that does not say: two vectors of four bytes an element, block and position. */
    private long widestPageBytes() {
        ModelConfig config = stage.config();
        return 2L * 4 * config.kvHeads() * config.headDimension() * blocks.blocks() * StageLimits.PAGE_POSITIONS;
    }

    void close() {
        stage.close();
        tensors.close();
    }
}
