/**
 * Direct connection upgrade through relay (libp2p specs, relay/DCUtR): two peers that met through a relay dial each other at the same
 * moment, so that the NATs of both let the other in. Read {@link io.infergrid.libp2p.holepunch.HolePunching} first.
 */
@NullMarked
package io.infergrid.libp2p.holepunch;

import org.jspecify.annotations.NullMarked;
