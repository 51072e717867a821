/**
 * Whether others can dial this host, and what to do about it. Read {@link io.infergrid.libp2p.reachability.Reachability} first: the
 * state machine, which is pure. {@link io.infergrid.libp2p.reachability.ReachabilityService} feeds it from AutoNAT, port mapping and
 * relays, and acts on what it says.
 */
@NullMarked
package io.infergrid.libp2p.reachability;

import org.jspecify.annotations.NullMarked;
