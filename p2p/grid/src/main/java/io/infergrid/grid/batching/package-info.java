/**
 * Who is computed next, with whom, and for whom there is room: the policy of a stage that many sessions share. Nothing here has a thread, a
 * clock or a socket; {@link io.infergrid.grid.batching.StepQueue} chooses batches, {@link io.infergrid.grid.batching.ChunkBudget} says how
 * long they may get, and {@link io.infergrid.grid.batching.CacheBudget} which sessions' keys and values are in memory.
 */
@NullMarked
package io.infergrid.grid.batching;

import org.jspecify.annotations.NullMarked;
