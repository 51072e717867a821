package io.infergrid.libp2p.reachability;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.time.Instant;
import java.util.Set;

/** Something learnt that bears on whether others can dial this host. */
public sealed interface Signal {

    /** These addresses are the ones that might be dialled from outside; evidence of others is forgotten. */
    record Candidates(Set<Multiaddr> addresses) implements Signal {
        public Candidates {
            addresses = Set.copyOf(addresses);
        }
    }

    /** A peer dialled an address of ours when asked, and it arrived. */
    record Reached(Multiaddr address, PeerId by, Instant at) implements Signal {}

    /** A peer dialled an address of ours when asked, and did not get through. */
    record NotReached(Multiaddr address, PeerId by, Instant at) implements Signal {}

    /** What the router did about our port. */
    record Mapped(Mapping mapping) implements Signal {}

    /** The addresses through relays at which we hold a slot now. */
    record Relays(Set<Multiaddr> addresses) implements Signal {
        public Relays {
            addresses = Set.copyOf(addresses);
        }
    }

    /** Time went on, so that old evidence runs out. */
    record Tick(Instant at) implements Signal {}

    /** The machine's own addresses changed, so that nothing known holds any more but the relays, which say so themselves. */
    record NetworkChanged() implements Signal {}
}
