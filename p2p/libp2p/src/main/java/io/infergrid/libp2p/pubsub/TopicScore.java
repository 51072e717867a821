package io.infergrid.libp2p.pubsub;

import java.time.Duration;

/**
 * What a peer's doings on one topic add to its score: {@code weight} times the sum of the five terms (libp2p specs, gossipsub 1.1). A
 * factor called decay is what one decay leaves of a counter.
 *
 * @param timeInMesh P1
 * @param first P2
 * @param deliveries P3
 * @param failures P3b
 * @param invalid P4
 */
public record TopicScore(
        double weight, TimeInMesh timeInMesh, First first, Deliveries deliveries, Failures failures, Invalid invalid) {

    /**
     * For topics whose rate is not known: time in the mesh and first deliveries add a little, invalid messages cost much, and a peer
     * that delivers little is not punished for it.
     */
    public static final TopicScore DEFAULT = new TopicScore(
            1,
            new TimeInMesh(0.01, Duration.ofSeconds(1), 300),
            new First(0.5, 0.98, 100),
            new Deliveries(0, 0.95, 100, 10, Duration.ofMillis(10), Duration.ofSeconds(10)),
            new Failures(0, 0.95),
            new Invalid(-10, 0.97));

    /** P1: time in the mesh in units of {@code quantum}, at most {@code cap}. */
    public record TimeInMesh(double weight, Duration quantum, double cap) {}

    /** P2: messages that the peer delivered first, at most {@code cap}. */
    public record First(double weight, double decay, double cap) {}

    /**
     * P3: the square of what a peer of the mesh is short of {@code threshold} deliveries, first or nearly so.
     *
     * @param weight not positive
     * @param cap of the counter
     * @param window after a message was found good during which others count as nearly first
     * @param activation time in the mesh before which nothing is counted against the peer
     */
    public record Deliveries(
            double weight, double decay, double cap, double threshold, Duration window, Duration activation) {}

    /** P3b: what P3 was when the peer left the mesh. */
    public record Failures(double weight, double decay) {}

    /** P4: the square of the number of invalid messages. */
    public record Invalid(double weight, double decay) {}
}
