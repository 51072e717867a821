package io.infergrid.libp2p.portmap;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/** A router that may forward ports. Blocking; each call is bounded in time. */
interface Gateway {

    /** How it is spoken to, e.g. {@code NAT-PMP}. */
    String name();

    /**
     * Forwards a port to this machine, or renews that.
     *
     * @param wanted the port to have outside; another may be given
     * @throws IOException with the router's reason if it would not
     */
    Lease map(Transport transport, int port, int wanted, Duration lifetime) throws IOException;

    /** Ends the forwarding; a router that does not answer forgets it by itself. */
    void unmap(Transport transport, int port, int external) throws IOException;

    /** What is forwarded. */
    enum Transport {
        TCP,
        UDP
    }

    /** A forwarded port: where it is outside, and for how long. */
    record Lease(InetSocketAddress external, Duration lifetime) {}
}
