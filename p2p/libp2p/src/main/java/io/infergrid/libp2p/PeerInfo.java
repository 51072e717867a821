package io.infergrid.libp2p;

import java.util.List;
import java.util.Optional;

/**
 * What a peer says of itself (identify). Nothing in it is proved but that the peer said it.
 *
 * @param protocolVersion e.g. {@code ipfs/0.1.0}
 * @param agent its program
 * @param protocols that it serves
 * @param addresses where it says it listens; those of kinds unknown here are left out
 * @param observed the address from which it sees us come
 */
public record PeerInfo(
        String protocolVersion,
        String agent,
        List<String> protocols,
        List<Multiaddr> addresses,
        Optional<Multiaddr> observed) {}
