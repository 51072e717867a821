/**
 * Private networks (libp2p specs, pnet): whoever does not hold the same pre-shared key sees noise and is seen as noise. Read
 * {@link io.infergrid.libp2p.pnet.PreSharedKey} first.
 */
@NullMarked
package io.infergrid.libp2p.pnet;

import org.jspecify.annotations.NullMarked;
