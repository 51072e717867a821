package io.infergrid.libp2p.reachability;

import io.infergrid.libp2p.Multiaddr;

/** What a router did about our port. */
public sealed interface Mapping {

    /** Nobody asked it, since it is switched off. */
    record Off() implements Mapping {}

    /** It is being asked. */
    record Asking() implements Mapping {}

    /** It forwards a port of this address to us. */
    record Open(Multiaddr external) implements Mapping {}

    /** There is no router that answers, or it would not. */
    record Refused(String why) implements Mapping {}
}
