/**
 * Shards from peer to peer over {@code /infergrid/shards/2}. Read {@link io.infergrid.grid.exchange.ShardExchange} first. What decides is
 * apart from what talks and stores, and pure: {@code PiecePicker} (which piece next), {@code Choker} (who may fetch from here), {@code
 * DiskRoom} (what goes when the disk is full), {@code SeedChoice} (what the swarm lacks). {@link
 * io.infergrid.grid.exchange.ShardServer} answers, {@code Download} asks several sources at once and verifies each piece. {@link
 * io.infergrid.grid.exchange.ProviderDirectory} is what this package wants of a DHT.
 */
@NullMarked
package io.infergrid.grid.exchange;

import org.jspecify.annotations.NullMarked;
