package io.infergrid.libp2p.pubsub;

import java.time.Duration;

/**
 * How peers are judged, all topics together (libp2p specs, gossipsub 1.1). What a topic adds is in {@link TopicScore}.
 *
 * @param topicCap the most that all topics together can add; 0 for no cap
 * @param applicationWeight of what the application says of a peer (P5)
 * @param colocation peers with one address (P6)
 * @param behaviour breaches of the protocol (P7)
 * @param decayInterval between two decays of all counters
 * @param decayToZero what is below it after a decay is zero
 * @param retain how long the score of a peer that is gone is kept
 * @param thresholds what a score means
 */
public record ScoreParameters(
        double topicCap,
        double applicationWeight,
        Colocation colocation,
        Behaviour behaviour,
        Duration decayInterval,
        double decayToZero,
        Duration retain,
        Thresholds thresholds) {

    public static final ScoreParameters DEFAULT = new ScoreParameters(
            50,
            1,
            new Colocation(-5, 10),
            new Behaviour(-10, 6, 0.9),
            Duration.ofSeconds(1),
            0.01,
            Duration.ofHours(1),
            new Thresholds(-10, -50, -80, 10, 5));

    /**
     * P6: the square of how many more than {@code threshold} peers share one address. Loopback addresses are exempt.
     *
     * @param weight not positive
     */
    public record Colocation(double weight, int threshold) {}

    /**
     * P7: the square of how far the count of breaches is above {@code threshold}.
     *
     * @param weight not positive
     * @param decay what a decay leaves of the count
     */
    public record Behaviour(double weight, double threshold, double decay) {}

    /**
     * Below 0 a peer is in no mesh. The rest:
     *
     * @param gossip below it no ids are told to a peer nor taken from it; negative
     * @param publish below it our own messages do not go to it; not above {@code gossip}
     * @param graylist below it nothing that it sends is looked at; below {@code publish}
     * @param acceptPeerExchange from it on the peers that it names are dialled; not negative
     * @param opportunisticGraft while the median of a mesh is below it, better peers are looked for; not negative
     */
    public record Thresholds(
            double gossip, double publish, double graylist, double acceptPeerExchange, double opportunisticGraft) {
        public Thresholds {
            if (gossip > 0
                    || publish > gossip
                    || graylist >= publish
                    || acceptPeerExchange < 0
                    || opportunisticGraft < 0) {
                throw new IllegalArgumentException(
                        "thresholds: expected graylist < publish <= gossip <= 0 and the" + " other two not negative");
            }
        }
    }

    public ScoreParameters withThresholds(Thresholds other) {
        return new ScoreParameters(
                topicCap, applicationWeight, colocation, behaviour, decayInterval, decayToZero, retain, other);
    }
}
