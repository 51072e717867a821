/**
 * GGUF, the file format of the models: reading without copying, writing without holding a file in memory.
 *
 * <p>Read {@link io.infergrid.compute.gguf.TensorSource} first: it is what the engine sees, whether the tensors come from a
 * whole {@link io.infergrid.compute.gguf.GgufFile} or from the shards of one. {@link
 * io.infergrid.compute.gguf.GgufHeader} is everything before the tensor data (metadata and directory) and travels alone
 * in a model package. A file is input from a stranger: every length is checked before memory is taken for it, and a bad
 * one ends in one {@link io.infergrid.compute.gguf.GgufException}.
 *
 * <p>This package knows no model architecture, no engine and no network.
 */
@NullMarked
package io.infergrid.compute.gguf;

import org.jspecify.annotations.NullMarked;
