/**
 * Who is there and what they hold. Each node tells its connected peers once a period what it is ({@link
 * io.infergrid.grid.announce.Announcement}) and whom it knows; {@link io.infergrid.grid.announce.Gossip} runs that, {@link
 * io.infergrid.grid.announce.PeerBook} remembers it until it expires.
 *
 * <p>What a peer says of itself is believed only over a connection with that peer, which Noise has authenticated. What it
 * says of others is a hint of an address, no more: a node that hears one connects and asks.
 */
@NullMarked
package io.infergrid.grid.announce;

import org.jspecify.annotations.NullMarked;
