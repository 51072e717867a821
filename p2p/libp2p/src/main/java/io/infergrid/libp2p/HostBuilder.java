package io.infergrid.libp2p;

import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.peers.AddressBook;
import io.infergrid.libp2p.peers.MemoryAddressBook;
import io.infergrid.libp2p.pnet.PreSharedKey;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.transport.Security;
import io.infergrid.libp2p.transport.Transport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    private final List<Transport.Factory> transports = new ArrayList<>();
    private final List<Security.Factory> securities = new ArrayList<>();
    private @Nullable PreSharedKey privateNetwork;
    private boolean forcePrivateNetwork;
    private AddressBook addressBook = new MemoryAddressBook();

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

    /** A further way to reach peers beside TCP, e.g. QUIC. */
    public HostBuilder transport(Transport.Factory transport) {
        transports.add(transport);
        return this;
    }

    /** A way to secure connections in place of Noise; called again for the next best. */
    public HostBuilder security(Security.Factory security) {
        securities.add(security);
        return this;
    }

    /** Where to remember the addresses of peers, in place of memory. */
    public HostBuilder addressBook(AddressBook book) {
        addressBook = book;
        return this;
    }

    /** Speaks only to peers that hold the same key, and over TCP only. */
    public HostBuilder privateNetwork(PreSharedKey key) {
        privateNetwork = key;
        return this;
    }

    /** Refuses to start without a key of a private network. */
    public HostBuilder forcePrivateNetwork(boolean on) {
        forcePrivateNetwork = on;
        return this;
    }

    /**
     * Binds the addresses and starts to accept.
     *
     * @throws IOException if an address cannot be bound, or a private network is forced and has no key; nothing is left open then
     */
    public Swarm start() throws IOException {
        if (forcePrivateNetwork && privateNetwork == null) {
            throw new IOException(
                    "expected the key of a private network, found none, and no other network may be joined");
        }
        return Swarm.start(new Swarm.Settings(
                identity,
                List.copyOf(listen),
                List.copyOf(announce),
                agent,
                limits,
                earlyMuxer,
                List.copyOf(transports),
                List.copyOf(securities),
                addressBook,
                privateNetwork));
    }
}
