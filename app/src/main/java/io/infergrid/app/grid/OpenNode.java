package io.infergrid.app.grid;

import io.infergrid.app.core.Sharing;
import io.infergrid.app.paths.Home;
import io.infergrid.app.store.SqlAddressBook;
import io.infergrid.compute.engine.Backend;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridNode;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.discovery.PeerDiscovery;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.identity.KeyStore;
import io.infergrid.libp2p.pnet.PreSharedKey;
import io.infergrid.libp2p.quic.QuicTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node of the grid with all the ways by which it finds others and they find it, as the user set them. */
public final class OpenNode implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OpenNode.class);
    private static final String LOOPBACK = "/ip4/127.0.0.1/tcp/0";
    private static final int KNOWN_PEERS = 10_000;
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    /**
     * The ways of a node.
     *
     * @param listen addresses of TCP
     * @param join peers to join through
     * @param quic whether to listen on QUIC too, at the same port of UDP, where other machines can reach it
     * @param reach used where other machines can reach an address of {@code listen}
     * @param privateNetwork the key of those to speak to, over TCP only; empty for the open grid
     */
    public record Ways(
            List<Multiaddr> listen,
            List<Multiaddr> join,
            boolean mdns,
            boolean dht,
            boolean quic,
            GridNodeConfig.Reach reach,
            GridNodeConfig.Sharing shares,
            Optional<PreSharedKey> privateNetwork) {

        public Ways {
            listen = List.copyOf(listen);
            join = List.copyOf(join);
        }

        /** What the user set; one that is not open listens on this computer alone, and looks for nobody. */
        public static Ways of(Sharing sharing) {
            return new Ways(
                    listen(sharing),
                    sharing.open()
                            ? sharing.join().stream().map(Multiaddr::parse).toList()
                            : List.of(),
                    sharing.open() && sharing.mdns(),
                    sharing.open() && sharing.dht(),
                    sharing.open() && sharing.quic(),
                    sharing.open()
                            ? new GridNodeConfig.Reach(true, sharing.portMapping(), sharing.relays())
                            : GridNodeConfig.Reach.OFF,
                    shares(sharing),
                    Optional.empty());
        }

        private static List<Multiaddr> listen(Sharing sharing) {
            var listen = new ArrayList<>(List.of(Multiaddr.parse(LOOPBACK))); // for the workers beside it
            if (sharing.open()) {
                listen.add(Multiaddr.parse("/ip4/0.0.0.0/tcp/" + sharing.port()));
            }
            return listen;
        }

        /** Rates and room alone. */
        public static GridNodeConfig.Sharing shares(Sharing sharing) {
            return GridNodeConfig.Sharing.DEFAULT
                    .withRates(sharing.upMiBps() * MIB, sharing.downMiBps() * MIB)
                    .withRoom(sharing.diskGiB() * GIB, false, sharing.seedGiB() * GIB);
        }

        /** Whether other machines can reach an address that is listened on. */
        public boolean beyond() {
            return !beyond(listen).isEmpty();
        }

        private static List<Multiaddr> beyond(List<Multiaddr> listen) {
            return listen.stream()
                    .filter(address ->
                            address.ip().filter(InetAddress::isLoopbackAddress).isEmpty())
                    .toList();
        }
    }

    private final Host host;
    private final GridNode node;
    private final PeerDiscovery discovery;
    private final AutoCloseable book;

    private OpenNode(Host host, GridNode node, PeerDiscovery discovery, AutoCloseable book) {
        this.host = host;
        this.node = node;
        this.discovery = discovery;
        this.book = book;
    }

    /**
     * Starts it.
     *
     * @param home where its key is, and what it learns of others
     * @param config for what {@code ways} does not say
     * @param backend owned by the caller, and closed by it after the node
     * @throws IOException if it cannot listen; the message says what to do
     */
    public static OpenNode start(
            Home home,
            Ways ways,
            String agent,
            GridNodeConfig config,
            Backend backend,
            Clock clock,
            RandomGenerator random,
            GridListener listener)
            throws IOException {
        Home.ownerOnly(home.data());
        var builder = new HostBuilder()
                .identity(new KeyStore(home.data().resolve("identity.key")).loadOrCreate())
                .agent(agent);
        ways.listen().forEach(address -> builder.listen(address.toString()));
        AutoCloseable book = () -> {};
        ways.privateNetwork().ifPresent(key -> builder.privateNetwork(key).forcePrivateNetwork(true));
        if (ways.beyond()) {
            alsoQuic(builder, ways);
            var addresses =
                    new SqlAddressBook(home.data().resolve("addresses.db"), InstantSource.system(), KNOWN_PEERS);
            builder.addressBook(addresses);
            book = addresses;
        }
        try {
            return start(home, ways, listening(builder), book, config, backend, clock, random, listener);
        } catch (IOException | RuntimeException e) {
            close(book);
            throw e;
        }
    }

    private static Host listening(HostBuilder builder) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IOException(
                    e.getMessage() + "; if another program has that port, choose another one in the settings", e);
        }
    }

    private static OpenNode start(
            Home home,
            Ways ways,
            Host host,
            AutoCloseable book,
            GridNodeConfig config,
            Backend backend,
            Clock clock,
            RandomGenerator random,
            GridListener listener) {
        var discovery = PeerDiscovery.start(host, finding(ways), home.data(), clock, random);
        try {
            var reach = ways.beyond() ? ways.reach() : GridNodeConfig.Reach.OFF;
            var whole = config.withSharing(ways.shares()).withReach(reach).withProviders(discovery.providers());
            GridNode node = GridNode.start(whole, host, backend, clock, random, listener);
            node.reachability().ifPresent(discovery::follow);
            return new OpenNode(host, node, discovery, book);
        } catch (RuntimeException e) {
            discovery.close();
            host.close();
            throw e;
        }
    }

    private static PeerDiscovery.Settings finding(Ways ways) {
        var finding = PeerDiscovery.Settings.usual(ways.join());
        finding = ways.mdns() ? finding : finding.withoutMdns();
        return ways.dht() ? finding : finding.withoutDht();
    }

    /** QUIC costs a round trip less and passes more routers; within this machine TCP is the faster. */
    private static void alsoQuic(HostBuilder builder, Ways ways) {
        var beside = Ways.beyond(ways.listen()).stream()
                .flatMap(address -> QuicTransport.beside(address).stream())
                .toList();
        if (!ways.quic() || beside.isEmpty() || ways.privateNetwork().isPresent()) {
            return;
        }
        var missing = QuicTransport.unavailable();
        if (missing.isPresent()) {
            LOG.warn("Listening on TCP only: {}", missing.get());
            return;
        }
        builder.transport(QuicTransport.factory());
        beside.forEach(address -> builder.listen(address.toString()));
    }

    public GridNode node() {
        return node;
    }

    /** An address at which other processes of this computer reach it. */
    public String localAddress() {
        var all = host.addresses();
        return all.stream()
                .filter(address ->
                        address.ip().filter(InetAddress::isLoopbackAddress).isPresent())
                .findFirst()
                .orElseGet(all::getFirst)
                .toString();
    }

    /** Leaves the grid; takes some seconds at most. */
    @Override
    public void close() {
        discovery.close();
        node.close();
        close(book);
    }

    private static void close(AutoCloseable book) {
        try {
            book.close();
        } catch (Exception e) {
            LOG.warn("the addresses of peers were not closed: {}", e.getMessage());
        }
    }
}
