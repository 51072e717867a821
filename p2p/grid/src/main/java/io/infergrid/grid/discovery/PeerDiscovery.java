package io.infergrid.grid.discovery;

import io.infergrid.grid.exchange.ProviderDirectory;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.kad.KadSettings;
import io.infergrid.libp2p.kad.Kademlia;
import io.infergrid.libp2p.kad.ProvidedKeysFile;
import io.infergrid.libp2p.mdns.Mdns;
import io.infergrid.libp2p.reachability.ReachabilityService;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds peers for a host and connects to them, and finds who provides what. A failure of either way, as on a network without
 * multicast, is logged and leaves the other. Thread-safe.
 */
public final class PeerDiscovery implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PeerDiscovery.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final int DIALS = 8;
    /** Peers that are enough: beyond these nobody is dialled for being near. */
    private static final int ENOUGH = 128;

    /**
     * Which ways are gone.
     *
     * @param mdns the local network's service, empty to leave it alone
     * @param dht the DHT, empty to take no part
     */
    public record Settings(Optional<Mdns.Settings> mdns, Optional<KadSettings> dht) {

        /**
         * Both, in InferGrid's own DHT, as one who answers: for nodes on one network, which reach each other. In the open
         * {@link PeerDiscovery#follow} makes of it one who answers only while strangers can dial it.
         */
        public static Settings usual(List<Multiaddr> bootstrap) {
            return new Settings(
                    Optional.of(Mdns.Settings.usual()),
                    Optional.of(
                            KadSettings.DEFAULT.withMode(Kademlia.Mode.SERVER).withBootstrap(bootstrap)));
        }

        /** Nothing but what the bootstrap addresses and announcements tell. */
        public static Settings none() {
            return new Settings(Optional.empty(), Optional.empty());
        }

        public Settings withoutMdns() {
            return new Settings(Optional.empty(), dht);
        }

        public Settings withoutDht() {
            return new Settings(mdns, Optional.empty());
        }
    }

    private final Host host;
    private final Semaphore dials = new Semaphore(DIALS);
    private final @Nullable Kademlia kad;
    private final @Nullable Mdns mdns;

    private PeerDiscovery(Host host, Settings settings, Path folder, Clock clock, RandomGenerator random) {
        this.host = host;
        kad = settings.dht()
                .map(dht ->
                        Kademlia.start(host, dht, new ProvidedKeysFile(folder.resolve("provided-keys")), clock, random))
                .orElse(null);
        mdns = settings.mdns()
                .flatMap(service -> listen(service, clock, random))
                .orElse(null);
    }

    /**
     * Begins to look.
     *
     * @param host stays the caller's: close this first
     * @param folder where it is remembered what this node provides
     */
    public static PeerDiscovery start(Host host, Settings settings, Path folder, Clock clock, RandomGenerator random) {
        return new PeerDiscovery(host, settings, folder, clock, random);
    }

    private Optional<Mdns> listen(Mdns.Settings service, Clock clock, RandomGenerator random) {
        try {
            return Optional.of(Mdns.start(host, service, clock, random, this::meet));
        } catch (IOException e) {
            LOG.warn("peers on the local network are not looked for: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private void meet(PeerId peer, List<Multiaddr> addresses) {
        if (host.connection(peer).isPresent() || host.connections().size() >= ENOUGH || !dials.tryAcquire()) {
            return; // those that are still there are heard of again
        }
        try {
            host.connect(peer, addresses, LIMIT);
            LOG.info("found {} on the local network", peer);
        } catch (IOException e) {
            LOG.debug("{} was heard of on the local network and does not answer: {}", peer, e.getMessage());
        } finally {
            dials.release();
        }
    }

    /** Who provides what, by the DHT; knows nobody without one. */
    public ProviderDirectory providers() {
        return kad == null ? ProviderDirectory.none() : new KadDirectory(kad);
    }

    /**
     * From now on the node answers the DHT's questions while strangers can dial it, and only asks otherwise: who cannot be dialled
     * would stand in other nodes' tables for nothing.
     */
    public void follow(ReachabilityService reachability) {
        if (kad != null) {
            kad.follow(reachability);
        }
    }

    /** The node in the DHT, if there is one. */
    public Optional<Kademlia> dht() {
        return Optional.ofNullable(kad);
    }

    @Override
    public void close() {
        if (mdns != null) {
            mdns.close();
        }
        if (kad != null) {
            kad.close();
        }
    }
}
