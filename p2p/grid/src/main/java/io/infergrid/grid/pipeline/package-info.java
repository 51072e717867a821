/**
 * Sessions over a chain of stages, {@code /infergrid/stage/1}. {@link io.infergrid.grid.pipeline.RoutePlanner} picks the chain,
 * {@link io.infergrid.grid.pipeline.Gateway} runs a job over it, {@link io.infergrid.grid.pipeline.StageServer} computes the
 * stages of this node for others. Tokens go from the gateway to the first stage, boundary activations from stage to stage,
 * drawn tokens from the last stage straight to the gateway.
 */
@NullMarked
package io.infergrid.grid.pipeline;

import org.jspecify.annotations.NullMarked;
