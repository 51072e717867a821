/**
 * The host itself: listening and dialling, one connection a peer, the protocols it serves, and the gate that keeps strangers within
 * limits. Read {@link io.infergrid.libp2p.swarm.Swarm} first.
 */
@NullMarked
package io.infergrid.libp2p.swarm;

import org.jspecify.annotations.NullMarked;
