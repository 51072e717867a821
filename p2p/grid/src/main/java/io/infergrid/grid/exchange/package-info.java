/**
 * Shards from peer to peer over {@code /infergrid/shards/1}: {@link io.infergrid.grid.exchange.ShardServer} answers, {@link
 * io.infergrid.grid.exchange.ShardFetch} asks several sources at once, verifies each piece and drops whoever sends a bad one.
 */
@NullMarked
package io.infergrid.grid.exchange;

import org.jspecify.annotations.NullMarked;
