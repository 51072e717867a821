/**
 * Peers on the same network find each other by multicast DNS (libp2p specs, discovery/mdns; RFC 6762, 6763). Read
 * {@link io.infergrid.libp2p.mdns.Mdns} first. What is heard is a hint: whoever dials it proves the identity by the handshake.
 */
@NullMarked
package io.infergrid.libp2p.mdns;

import org.jspecify.annotations.NullMarked;
