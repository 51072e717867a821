package io.infergrid.libp2p.pubsub;

/** What a router counts. */
public enum GossipEvent {
    /** Good messages that came. */
    DELIVERED,
    /** Copies of messages that were here. */
    DUPLICATE,
    PUBLISHED,
    /** Messages passed on, one for each peer. */
    FORWARDED,
    /** Messages sent because a peer asked. */
    ANSWERED,
    /** Ids that were asked for. */
    ASKED,
    /** Ids of messages that peers said they have and do not want. */
    UNWANTED,
    /** Messages not sent because the peer said that it has them. */
    SPARED,
    GRAFTED,
    PRUNED,
    /** RPCs of graylisted peers, dropped unread. */
    GRAYLISTED,
    /** Messages whose signature is none, or that have fields that the policy does not want. */
    BAD_SIGNATURE,
    REJECTED,
    IGNORED,
    /** Messages whose author had used the number before. */
    REPLAYED,
    /** Messages on topics that nobody listens to here, and copies that the same peer sent again. */
    WASTED,
    /** Messages dropped because too many waited to be verified. */
    THROTTLED,
    /** Messages dropped because the peer reads too slowly. */
    SLOW_PEER,
    /** Messages dropped because the subscriber takes too long. */
    SLOW_SUBSCRIBER,
    /** Messages that peers said they had and did not send. */
    BROKEN_PROMISE,
    /** GRAFTs before their time. */
    EARLY_GRAFT,
    /** Peers named by others that were not dialled: no signed record, or the one who named them has no standing. */
    EXCHANGE_REFUSED,
    /** RPCs that are none. */
    MALFORMED
}
