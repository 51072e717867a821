/**
 * How a node finds others without being told of each: on the local network by mDNS, in the open by the DHT. Read
 * {@link io.infergrid.grid.discovery.PeerDiscovery} first. It works on the host alone: who is found is connected, and the grid's own
 * protocols take it from there.
 */
@NullMarked
package io.infergrid.grid.discovery;

import org.jspecify.annotations.NullMarked;
