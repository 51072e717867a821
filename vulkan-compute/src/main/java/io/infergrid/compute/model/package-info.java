/**
 * What a model is to the engine: its shape, {@link io.infergrid.compute.model.ModelConfig}, from GGUF metadata, every number
 * of it within bounds. Depends on {@code gguf}; knows no arithmetic and no device.
 */
@NullMarked
package io.infergrid.compute.model;

import org.jspecify.annotations.NullMarked;
