package io.infergrid.libp2p.kad;

import java.time.Duration;

/**
 * What a node does for strangers, and what it asks of them.
 *
 * @param rpc longest time for one request and its answer
 * @param query longest time for a whole lookup
 * @param patience after so long without an answer another peer is asked beside
 * @param inboundStreams that one peer may have open
 * @param requestsPerSecond of one peer, with bursts of ten times as many
 * @param outbound requests of ours that are under way at once
 */
public record KadLimits(
        Duration rpc,
        Duration query,
        Duration patience,
        int inboundStreams,
        int requestsPerSecond,
        int outbound,
        Stores stores) {

    public static final KadLimits DEFAULT = new KadLimits(
            Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(1), 32, 50, 64, Stores.DEFAULT);

    /**
     * What is kept for others.
     *
     * @param providersPerKey peers that are kept for one key
     * @param keysPerPeer keys that one peer may provide here
     * @param providers records of providers in all
     * @param valuesPerPeer records that one peer may put here
     * @param values records in all
     * @param valueBytes and their bytes
     * @param expiry a record that was not renewed for so long is gone
     * @param republish own records are published again so often
     */
    public record Stores(
            int providersPerKey,
            int keysPerPeer,
            int providers,
            int valuesPerPeer,
            int values,
            long valueBytes,
            Duration expiry,
            Duration republish) {

        public static final Stores DEFAULT =
                new Stores(64, 8192, 131_072, 512, 8192, 16L << 20, Duration.ofHours(48), Duration.ofHours(22));
    }

    /** A value is no longer than this, unless its namespace says more. */
    public static final int MAX_VALUE = 10 * 1024;

    public KadLimits withTimes(Duration anRpc, Duration aQuery) {
        return new KadLimits(anRpc, aQuery, patience, inboundStreams, requestsPerSecond, outbound, stores);
    }

    public KadLimits withRequests(int streams, int perSecond) {
        return new KadLimits(rpc, query, patience, streams, perSecond, outbound, stores);
    }

    public KadLimits withStores(Stores other) {
        return new KadLimits(rpc, query, patience, inboundStreams, requestsPerSecond, outbound, other);
    }
}
