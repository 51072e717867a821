package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;

/**
 * Decides whether a message is passed on. Called after the signature was found good, on several threads at once; must return soon and
 * must not block. One that throws counts as {@link Verdict#IGNORE}.
 */
@FunctionalInterface
public interface Validator {

    /** Takes every message. */
    Validator ALL = (_, _) -> Verdict.ACCEPT;

    /** @param sender who passed the message on, not who wrote it */
    Verdict check(PeerId sender, Message message);
}
