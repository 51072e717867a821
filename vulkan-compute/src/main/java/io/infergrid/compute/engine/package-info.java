/**
 * The seam between a model and the device that runs it: a {@link io.infergrid.compute.engine.Backend} loads the tensors of
 * a {@link io.infergrid.compute.engine.StageSpec} into a {@link io.infergrid.compute.engine.Stage}, whose sessions turn
 * tokens or boundary activations into boundary activations or logits. {@link io.infergrid.compute.engine.ReferenceBackend}
 * is the whole forward pass in the plainest Java, for reading and for tests. Nothing here knows a network.
 */
@NullMarked
package io.infergrid.compute.engine;

import org.jspecify.annotations.NullMarked;
