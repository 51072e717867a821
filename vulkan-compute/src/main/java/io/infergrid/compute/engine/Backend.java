package io.infergrid.compute.engine;

import io.infergrid.compute.gguf.TensorSource;

/**
 * A device that runs stages by the rules of IG1: every backend gives the same bytes for the same model and tokens,
 * whatever the batch or the split into stages. Thread-safe; a backend with its own device queue serialises inside.
 */
public interface Backend extends AutoCloseable {

    /** {@code cpu} or {@code vulkan}. */
    String name();

    /** The device in words, e.g. {@code llvmpipe (LLVM 15.0.6, 256 bits)}. */
    String device();

    /**
     * Reads and uploads the tensors of a stage.
     *
     * @throws io.infergrid.compute.gguf.GgufException if a tensor is missing or not of the shape that the metadata says
     */
    Stage load(TensorSource model, StageSpec spec);

    /**
     * Reads and uploads the tensors of a stage whose sessions keep within {@code limits}.
     *
     * @throws io.infergrid.compute.gguf.GgufException if a tensor is missing or not of the shape that the metadata says
     * @throws IllegalArgumentException if this backend cannot keep such limits
     */
    default Stage load(TensorSource model, StageSpec spec, StageLimits limits) {
        if (!limits.equals(StageLimits.NONE)) {
            throw new IllegalArgumentException(
                    "expected no limits for stages of the backend " + name() + ", found " + limits);
        }
        return load(model, spec);
    }

    /**
     * The same, but the stage survives the loss of its device, and so do its sessions: the call that finds it lost loads the stage
     * again and takes longer. Where a device cannot be lost, this is {@link #load}.
     *
     * @param model must stay open as long as the stage
     */
    default Stage loadRecovering(TensorSource model, StageSpec spec, StageLimits limits) {
        return load(model, spec, limits);
    }

    @Override
    void close();
}
