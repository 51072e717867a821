package io.infergrid.libp2p.pubsub;

/** The formulas of a peer's score, as functions of its counters (libp2p specs, gossipsub 1.1, "The Score Function"). */
final class Score {

    private Score() {}

    /** What is counted of a peer on a topic. Changed by {@link ScoreBook} only. */
    static final class Counters {
        boolean inMesh;
        long graftedAt; // nanoseconds
        long meshNanos; // as of the last decay
        boolean active; // in the mesh for longer than the activation time
        double first;
        double deliveries;
        double failures;
        double invalid;
    }

    /** {@code weight * (w1 P1 + w2 P2 + w3 P3 + w3b P3b + w4 P4)}. */
    static double topic(TopicScore p, Counters c) {
        double sum = p.timeInMesh().weight() * timeInMesh(p, c)
                + p.first().weight() * c.first
                + p.deliveries().weight() * deficitSquared(p, c)
                + p.failures().weight() * c.failures
                + p.invalid().weight() * c.invalid * c.invalid;
        return p.weight() * sum;
    }

    static double timeInMesh(TopicScore p, Counters c) {
        if (!c.inMesh) {
            return 0;
        }
        long quanta = c.meshNanos / p.timeInMesh().quantum().toNanos();
        return Math.min(quanta, p.timeInMesh().cap());
    }

    static double deficitSquared(TopicScore p, Counters c) {
        if (!c.active || c.deliveries >= p.deliveries().threshold()) {
            return 0;
        }
        double deficit = p.deliveries().threshold() - c.deliveries;
        return deficit * deficit;
    }

    /**
     * The score.
     *
     * @param topics the sum of {@link #topic} over all of them
     * @param application what the application says
     * @param sharing peers with the same address, this one included
     * @param breaches count of P7
     */
    static double total(ScoreParameters p, double topics, double application, int sharing, double breaches) {
        double capped = p.topicCap() > 0 ? Math.min(topics, p.topicCap()) : topics;
        double surplus = Math.max(0, sharing - p.colocation().threshold());
        double excess = Math.max(0, breaches - p.behaviour().threshold());
        return capped
                + p.applicationWeight() * application
                + p.colocation().weight() * surplus * surplus
                + p.behaviour().weight() * excess * excess;
    }

    static double decayed(double value, double factor, double toZero) {
        double left = value * factor;
        return left < toZero ? 0 : left;
    }
}
