/**
 * Makes models: smaller ones from larger ones ({@link io.infergrid.compute.quantize.Quantizer}) and ones with random weights
 * of a given shape for tests and measurements ({@link io.infergrid.compute.quantize.RandomLlama}). Both stream from disk to
 * disk and hold a few rows in memory.
 *
 * <p>Depends on {@code gguf}, {@code model} and {@code tokenizer}.
 */
@NullMarked
package io.infergrid.compute.quantize;

import org.jspecify.annotations.NullMarked;
