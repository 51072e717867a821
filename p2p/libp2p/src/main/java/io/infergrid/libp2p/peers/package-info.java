/**
 * What a host remembers of peers: where they can be reached. Read {@link io.infergrid.libp2p.peers.AddressBook} first; one that
 * outlives the process is the embedding program's to bring.
 */
@NullMarked
package io.infergrid.libp2p.peers;

import org.jspecify.annotations.NullMarked;
