/**
 * What a model needs before any of it is loaded: {@link io.infergrid.compute.plan.ModelFootprint} counts the bytes of its parts
 * from a GGUF's header, {@link io.infergrid.compute.plan.StagePlanner} finds the stages that fit a memory and cuts a model for
 * rigs of one size. Pure functions; opens no device and reads no weights.
 *
 * <p>Depends on {@code engine}, {@code gguf} and {@code model}.
 */
@NullMarked
package io.infergrid.compute.plan;

import org.jspecify.annotations.NullMarked;
