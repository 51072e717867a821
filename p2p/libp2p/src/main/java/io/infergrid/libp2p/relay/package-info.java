/**
 * Circuit relay v2 (libp2p specs, relay/circuit-v2): a peer that nobody can dial reserves a slot at one that everybody can, and is
 * reached through it. Read {@link io.infergrid.libp2p.relay.RelayClient} first, then {@link io.infergrid.libp2p.relay.RelayServer};
 * both are services on the public {@link io.infergrid.libp2p.Host}.
 */
@NullMarked
package io.infergrid.libp2p.relay;

import org.jspecify.annotations.NullMarked;
