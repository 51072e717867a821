package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import java.util.ArrayList;
import java.util.List;

/** A message whose signature and worth are not known yet. */
final class Pending {

    enum Outcome {
        GOOD,
        /** Not its author's: says nothing of the message that the id belongs to. */
        FORGED,
        REJECTED,
        IGNORED
    }

    final MessageId id;
    final Message message;
    final Validator validator;
    /** Who brought it, the first one first; belongs to the router. */
    final List<PeerId> senders = new ArrayList<>(4);

    private final PeerId first;

    Pending(MessageId id, Message message, Validator validator, PeerId first) {
        this.id = id;
        this.message = message;
        this.validator = validator;
        this.first = first;
        senders.add(first);
    }

    PeerId first() {
        return first;
    }
}
