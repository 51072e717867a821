/**
 * A Kademlia DHT (libp2p specs, kad-dht): where peers, providers of content and small records are found without anybody in the middle.
 * Read {@link io.infergrid.libp2p.kad.Kademlia} first. {@link io.infergrid.libp2p.kad.RoutingTable} and
 * {@link io.infergrid.libp2p.kad.Lookup} know neither network nor time of day; a simulation of ten thousand nodes runs the very same
 * code. Whatever the DHT says is a hint: the identity of a peer is proved by connecting to it, content by its hash, a record by its
 * validator.
 */
@NullMarked
package io.infergrid.libp2p.kad;

import org.jspecify.annotations.NullMarked;
