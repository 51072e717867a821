/**
 * Wires: the raw connection of a transport and the secured channel that a handshake makes of it. Read
 * {@link io.infergrid.libp2p.transport.Transport} first. Knows nothing of protocols above.
 */
@NullMarked
package io.infergrid.libp2p.transport;

import org.jspecify.annotations.NullMarked;
