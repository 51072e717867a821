package io.infergrid.libp2p.pubsub;

/** Whether messages carry their author's signature (libp2p specs, pubsub). One for all topics of a router. */
public enum SignaturePolicy {
    /** Each message names its author and has a number and a signature; one without is refused. */
    STRICT_SIGN,
    /** No message has any of them; one with is refused. */
    STRICT_NO_SIGN
}
