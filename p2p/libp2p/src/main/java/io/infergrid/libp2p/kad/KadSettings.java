package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import java.time.Duration;
import java.util.List;

/**
 * How a node takes part in a DHT. Start from {@link #DEFAULT} and change what differs.
 *
 * @param protocol id of the DHT; those with different ones know nothing of each other
 * @param mode in which it starts
 * @param bootstrap addresses to join through, each ending in {@code /p2p/<id>}
 * @param namespaces of the records that are kept and believed
 * @param quorum so many valid answers are enough for a value
 * @param refresh time between two looks around; buckets that were not walked are walked each sixth time
 */
public record KadSettings(
        String protocol,
        Kademlia.Mode mode,
        List<Multiaddr> bootstrap,
        List<RecordNamespace> namespaces,
        int quorum,
        Duration refresh,
        Lookup.Shape shape,
        RoutingTable.Diversity diversity,
        KadLimits limits) {

    /** InferGrid's own DHT. */
    public static final String INFERGRID = "/infergrid/kad/1.0.0";

    /** The public DHT of IPFS, and what libp2p implementations speak unless told. */
    public static final String IPFS = "/ipfs/kad/1.0.0";

    /** A client of InferGrid's DHT, with public keys and signed records. */
    public static final KadSettings DEFAULT = new KadSettings(
            INFERGRID,
            Kademlia.Mode.CLIENT,
            List.of(),
            List.of(new PublicKeyRecords(), new SignedRecords(SignedRecords.INFERGRID)),
            5,
            Duration.ofMinutes(10),
            Lookup.Shape.DEFAULT,
            RoutingTable.Diversity.DEFAULT,
            KadLimits.DEFAULT);

    public KadSettings {
        bootstrap = List.copyOf(bootstrap);
        namespaces = List.copyOf(namespaces);
        if (!protocol.startsWith("/") || protocol.length() > 128) {
            throw new IllegalArgumentException("expected a protocol id such as " + INFERGRID + ", found " + protocol);
        }
    }

    public KadSettings withProtocol(String other) {
        return new KadSettings(other, mode, bootstrap, namespaces, quorum, refresh, shape, diversity, limits);
    }

    public KadSettings withMode(Kademlia.Mode other) {
        return new KadSettings(protocol, other, bootstrap, namespaces, quorum, refresh, shape, diversity, limits);
    }

    public KadSettings withBootstrap(List<Multiaddr> other) {
        return new KadSettings(protocol, mode, other, namespaces, quorum, refresh, shape, diversity, limits);
    }

    public KadSettings withNamespaces(List<RecordNamespace> other) {
        return new KadSettings(protocol, mode, bootstrap, other, quorum, refresh, shape, diversity, limits);
    }

    public KadSettings withRefresh(Duration other) {
        return new KadSettings(protocol, mode, bootstrap, namespaces, quorum, other, shape, diversity, limits);
    }

    public KadSettings withLimits(KadLimits other) {
        return new KadSettings(protocol, mode, bootstrap, namespaces, quorum, refresh, shape, diversity, other);
    }
}
