/**
 * The node's way to its peers: {@link io.infergrid.grid.net.Swarm} puts the grid's protocols on a libp2p host, counts what goes
 * wrong with them, and reaches this node itself without a wire.
 */
@NullMarked
package io.infergrid.grid.net;

import org.jspecify.annotations.NullMarked;
