package io.infergrid.libp2p.pubsub;

/** What a {@link Validator} thinks of a message. */
public enum Verdict {
    /** Deliver it here and pass it on. */
    ACCEPT,
    /** Neither, and nobody is to blame. */
    IGNORE,
    /** Neither, and whoever sent it loses score. */
    REJECT
}
