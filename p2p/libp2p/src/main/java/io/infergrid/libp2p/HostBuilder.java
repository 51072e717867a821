package io.infergrid.libp2p;

import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts a host together and starts it:
 *
 * <pre>{@code
 * var host = new HostBuilder()
 *         .identity(new KeyStore(file).loadOrCreate())
 *         .listen("/ip4/0.0.0.0/tcp/4001")
 *         .start();
 * }</pre>
 *
 * Without an identity it gets a new one, without an address it only dials.
 */
public final class HostBuilder {

    private PrivateKey identity = PrivateKey.generate();
    private final List<Multiaddr> listen = new ArrayList<>();
    private final List<Multiaddr> announce = new ArrayList<>();
    private String agent = "infergrid-libp2p/0.1";
    private Limits limits = Limits.DEFAULT;
    private boolean earlyMuxer = true;

    public HostBuilder identity(PrivateKey key) {
        identity = key;
        return this;
    }

    /** An address to listen on, e.g. {@code /ip4/0.0.0.0/tcp/0}; port 0 takes any. */
    public HostBuilder listen(String address) {
        return listen(Multiaddr.parse(address));
    }

    public HostBuilder listen(Multiaddr address) {
        listen.add(address);
        return this;
    }

    /** An address to tell others in place of those found on this machine, e.g. that of a forwarded port. */
    public HostBuilder announce(Multiaddr address) {
        announce.add(address);
        return this;
    }

    /** What identify says of the program, e.g. {@code infergrid/0.1}. */
    public HostBuilder agent(String name) {
        agent = name;
        return this;
    }

    public HostBuilder limits(Limits limits) {
        this.limits = limits;
        return this;
    }

    /** Whether to agree on the multiplexer inside the Noise handshake, which saves a round trip. On by default. */
    public HostBuilder earlyMuxer(boolean on) {
        earlyMuxer = on;
        return this;
    }

    /**
     * Binds the addresses and starts to accept.
     *
     * @throws IOException if an address cannot be bound; nothing is left open then
     */
    public Swarm start() throws IOException {
        return Swarm.start(
                new Swarm.Settings(identity, List.copyOf(listen), List.copyOf(announce), agent, limits, earlyMuxer));
    }
}
