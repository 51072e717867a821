package io.infergrid.libp2p;

import io.infergrid.libp2p.record.SignedEnvelope;
import java.util.List;
import java.util.Optional;

/**
 * What a peer says of itself (identify). Nothing in it is proved but that the peer said it, and that it signed its record.
 *
 * @param protocolVersion e.g. {@code ipfs/0.1.0}
 * @param agent its program
 * @param protocols that it serves
 * @param addresses where it says it listens; those of kinds unknown here are left out
 * @param observed the address from which it sees us come
 * @param signedRecord its addresses as it signed them, checked; they can be passed on
 */
public record PeerInfo(
        String protocolVersion,
        String agent,
        List<String> protocols,
        List<Multiaddr> addresses,
        Optional<Multiaddr> observed,
        Optional<SignedEnvelope> signedRecord) {}
