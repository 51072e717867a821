/**
 * Gossipsub: what one peer says on a topic reaches all that listen to it, through a few links a peer, however many peers there are
 * (libp2p specs, pubsub/gossipsub 1.0, 1.1 and 1.2). Read {@link io.infergrid.libp2p.pubsub.Gossipsub} first, which is the service on
 * a host with its threads and queues; {@code Router} is the protocol itself, which knows neither threads nor clocks, so that the same code
 * runs a thousand nodes in virtual time.
 *
 * <p>Uses hosts only through {@link io.infergrid.libp2p.Host}; knows nothing of what the messages mean.
 */
@NullMarked
package io.infergrid.libp2p.pubsub;

import org.jspecify.annotations.NullMarked;
