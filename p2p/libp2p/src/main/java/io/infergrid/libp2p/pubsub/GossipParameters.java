package io.infergrid.libp2p.pubsub;

import java.time.Duration;

/**
 * How a router behaves towards peers that behave. Start from {@link #DEFAULT}, which has the values of the specification.
 *
 * @param mesh links of a topic
 * @param gossip what is told beside the mesh
 * @param times how long things hold
 * @param floodPublish whether our own messages go to every peer that listens, not only to the mesh
 * @param peerExchange whether a PRUNE names other peers of the topic; what others name is taken only above
 *     {@link ScoreParameters.Thresholds#acceptPeerExchange}
 * @param largeBytes messages from this size on are announced by IDONTWANT, so that others need not send them too
 */
public record GossipParameters(
        Mesh mesh, Gossip gossip, Times times, boolean floodPublish, boolean peerExchange, int largeBytes) {

    public static final GossipParameters DEFAULT = new GossipParameters(
            new Mesh(6, 4, 12, 4, 2, 2),
            new Gossip(6, 0.25, 5, 3, 3),
            new Times(
                    Duration.ofSeconds(1),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(2),
                    Duration.ofMinutes(1),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(3),
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(5)),
            true,
            false,
            1024);

    /**
     * Links of a topic's mesh.
     *
     * @param wanted D
     * @param low D_lo: below it, peers are grafted
     * @param high D_hi: above it, peers are pruned
     * @param byScore D_score: those with the best scores that stay then
     * @param outbound D_out: links that we dialled, kept against peers that come to us in numbers
     * @param opportunistic peers grafted when the mesh is poor
     */
    public record Mesh(int wanted, int low, int high, int byScore, int outbound, int opportunistic) {
        public Mesh {
            if (low > wanted || wanted > high || byScore > wanted || outbound >= low || outbound > wanted / 2) {
                throw new IllegalArgumentException(
                        "mesh: expected low <= wanted <= high, byScore <= wanted, outbound < low and at most half of"
                                + " wanted");
            }
        }
    }

    /**
     * Ids of messages that are told to peers outside the mesh.
     *
     * @param peers D_lazy: at least so many
     * @param factor and at least this part of them
     * @param windows heartbeats that a message can be asked for
     * @param told heartbeats that its id is told
     * @param retransmissions times that one peer gets one message
     */
    public record Gossip(int peers, double factor, int windows, int told, int retransmissions) {}

    /**
     * How long things hold.
     *
     * @param heartbeat between two looks at the meshes
     * @param fanout that peers are kept for a topic that we only publish to
     * @param seen that the id of a message is known
     * @param pruneBackoff that a pruned peer is not grafted
     * @param unsubscribeBackoff the same when the topic was left
     * @param promise that a peer has to send what it said it had and we asked for
     * @param opportunistic between two looks for better peers
     * @param explicit between two attempts to connect to an explicit peer
     */
    public record Times(
            Duration heartbeat,
            Duration fanout,
            Duration seen,
            Duration pruneBackoff,
            Duration unsubscribeBackoff,
            Duration promise,
            Duration opportunistic,
            Duration explicit) {}

    public GossipParameters withMesh(Mesh other) {
        return new GossipParameters(other, gossip, times, floodPublish, peerExchange, largeBytes);
    }

    public GossipParameters withTimes(Times other) {
        return new GossipParameters(mesh, gossip, other, floodPublish, peerExchange, largeBytes);
    }

    public GossipParameters withHeartbeat(Duration heartbeat) {
        return withTimes(new Times(
                heartbeat,
                times.fanout,
                times.seen,
                times.pruneBackoff,
                times.unsubscribeBackoff,
                times.promise,
                times.opportunistic,
                times.explicit));
    }

    public GossipParameters withFloodPublish(boolean on) {
        return new GossipParameters(mesh, gossip, times, on, peerExchange, largeBytes);
    }

    public GossipParameters withPeerExchange(boolean on) {
        return new GossipParameters(mesh, gossip, times, floodPublish, on, largeBytes);
    }
}
