package io.infergrid.libp2p.pubsub;

import java.time.Duration;

/**
 * What a router takes from peers and keeps of it. Start from {@link #DEFAULT} and change what differs.
 *
 * @param rpcBytes of one RPC, each way
 * @param topicBytes of a topic's name
 * @param elements of an RPC
 * @param perHeartbeat what a peer may cost between two heartbeats
 * @param memory what is held
 * @param backoff the shortest and longest time that a peer can ask not to be grafted for
 */
public record GossipLimits(
        int rpcBytes, int topicBytes, Elements elements, PerHeartbeat perHeartbeat, Memory memory, Backoff backoff) {

    public static final GossipLimits DEFAULT = new GossipLimits(
            1 << 20,
            128,
            new Elements(512, 5000, 512, 5000, 20_000, 16),
            new PerHeartbeat(10, 5000, 5000, 512, 512, 64),
            new Memory(512, 131_072, 32 << 20, 64L << 20, 8192, 32 << 20, 1024, 4 << 20, 4096, 8192, 1024),
            new Backoff(Duration.ofSeconds(1), Duration.ofHours(1)));

    /**
     * Counts while an RPC is decoded; one more makes it malformed.
     *
     * @param subscriptions and unsubscriptions
     * @param messages published
     * @param control GRAFTs, PRUNEs, and lists of IHAVE, IWANT and IDONTWANT, of each kind
     * @param ids in one list
     * @param allIds in all lists
     * @param exchangedPeers in one PRUNE
     */
    public record Elements(int subscriptions, int messages, int control, int ids, int allIds, int exchangedPeers) {}

    /**
     * Of each peer.
     *
     * @param ihaveMessages IHAVE lists that are looked at
     * @param ihaveIds ids that are asked for because of them
     * @param iwantIds ids that are answered; more costs score
     * @param idontwantIds ids that are remembered
     * @param grafts GRAFTs that are looked at; more costs score
     * @param wasted messages on topics that nobody here listens to, and copies of those that it sent before; more costs score
     */
    public record PerHeartbeat(
            int ihaveMessages, int ihaveIds, int iwantIds, int idontwantIds, int grafts, int wasted) {}

    /**
     * What is held at most.
     *
     * @param topicsPerPeer that a peer may listen to
     * @param seen ids of messages
     * @param cacheBytes of messages that peers may still ask for
     * @param readBytes of RPCs on their way in, of all peers
     * @param verifying messages whose signature is not checked yet
     * @param verifyingBytes and their bytes
     * @param verifyingPerPeer and those of one peer
     * @param queueBytes of messages on their way to one peer
     * @param retainedScores of peers that are gone
     * @param authors whose last numbers are known, for topics that refuse replays
     * @param deliveries messages that wait for a subscriber
     */
    public record Memory(
            int topicsPerPeer,
            int seen,
            int cacheBytes,
            long readBytes,
            int verifying,
            int verifyingBytes,
            int verifyingPerPeer,
            int queueBytes,
            int retainedScores,
            int authors,
            int deliveries) {}

    /** Bounds of what a PRUNE says. */
    public record Backoff(Duration shortest, Duration longest) {}

    public GossipLimits withMemory(Memory other) {
        return new GossipLimits(rpcBytes, topicBytes, elements, perHeartbeat, other, backoff);
    }
}
