package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Multiaddr.Protocol;
import io.infergrid.libp2p.PeerId;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An address over a relay, taken apart: {@code <address of the relay>/p2p/<relay>/p2p-circuit/p2p/<peer>}.
 *
 * @param relayAddress where the relay is, empty if only its id is given
 */
record CircuitAddress(PeerId relay, Optional<Multiaddr> relayAddress) {

    /** Empty if it leads over no relay, over more than one, or does not name the relay. */
    static Optional<CircuitAddress> of(Multiaddr address) {
        var parts = address.components();
        int circuit = -1;
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).protocol() == Protocol.P2P_CIRCUIT) {
                if (circuit >= 0) {
                    return Optional.empty();
                }
                circuit = i;
            }
        }
        if (circuit < 1 || parts.get(circuit - 1).protocol() != Protocol.P2P) {
            return Optional.empty();
        }
        var relay = PeerId.parse(parts.get(circuit - 1).value());
        var before = parts.subList(0, circuit - 1).stream()
                .map(c -> "/" + c.protocol() + (c.value().isEmpty() ? "" : "/" + c.value()))
                .collect(Collectors.joining());
        return Optional.of(
                new CircuitAddress(relay, before.isEmpty() ? Optional.empty() : Optional.of(Multiaddr.parse(before))));
    }

    /** {@code <relay>/p2p/<id>/p2p-circuit}, to which the peer's {@code /p2p} is added. */
    static Multiaddr over(Multiaddr relayAddress, PeerId relay) {
        return relayAddress.withPeer(relay).with("/p2p-circuit");
    }
}
