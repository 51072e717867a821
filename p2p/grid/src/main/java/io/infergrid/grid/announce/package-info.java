/**
 * Who is there and what they hold. A node says what it is ({@link io.infergrid.grid.announce.Announcement}) to all, by gossip that others
 * pass on, once a period and when it changes; with peers that just connected it exchanges announcements directly. {@link
 * io.infergrid.grid.announce.Gossip} runs that, {@link io.infergrid.grid.announce.PeerBook} remembers it until it expires.
 *
 * <p>What a peer says of itself is believed over a connection with that peer, which Noise has authenticated, or under its signature. What
 * it says of others without one is a hint of an address, no more: a node that hears one connects and asks.
 */
@NullMarked
package io.infergrid.grid.announce;

import org.jspecify.annotations.NullMarked;
