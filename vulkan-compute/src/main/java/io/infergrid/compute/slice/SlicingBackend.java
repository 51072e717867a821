package io.infergrid.compute.slice;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;

/** A backend that can also compute one member's part of a stage that several machines compute together. */
public interface SlicingBackend extends Backend {

    /**
     * Loads one member's rows of a stage; each member has the whole input and a part of every matrix. Only member 0's sessions give
     * logits. While a step is computed the backend waits for the other members, so members in one process need a backend each.
     *
     * @param spec without embedding: all members are given boundary activations
     * @throws IllegalArgumentException if the spec has the embedding
     */
    Stage loadSlice(
            TensorSource model, StageSpec spec, StageLimits limits, SlicePlan plan, int member, SliceExchange exchange);
}
