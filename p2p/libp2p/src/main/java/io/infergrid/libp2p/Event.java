package io.infergrid.libp2p;

/** What a host counts: each limit that was hit and each way in which a peer misbehaved, beside the ordinary comings and goings. */
public enum Event {
    CONNECTION_OPENED,
    CONNECTION_CLOSED,
    STREAM_OPENED,
    STREAM_ACCEPTED,
    DIAL_FAILED,

    /** A connection was turned away: too many in their handshake, in all or from one address. */
    REFUSED_PENDING,
    /** A connection was turned away: too many open, in all or from one network. */
    REFUSED_CONNECTIONS,
    /** A connection was turned away: too many a second from one address. */
    REFUSED_RATE,
    /** A connection was turned away or closed: its peer or network is denied. */
    REFUSED_DENIED,
    /** A connection was closed because there were more than the high water mark. */
    TRIMMED,
    /** A peer or an address was denied for a while because it misbehaved often. */
    BANNED,
    /** A handshake did not end in time or broke off. */
    HANDSHAKE_FAILED,
    /** A stream was turned away: too many open on the connection or for the protocol. */
    REFUSED_STREAMS,
    /** A stream asked for protocols that nobody serves here, or did not ask in time. */
    NEGOTIATION_FAILED,
    /** A peer did not say who it is, or not in time. */
    NOT_IDENTIFIED,
    /** A relay served here turned a peer away: no slot is free, it holds none, too many circuits, or it came over a relay itself. */
    RELAY_REFUSED,
    /** A circuit that is relayed here reached its limit of bytes or time. */
    RELAY_CIRCUIT_CUT,
    /** A relay at which we hold no slot handed us a circuit. */
    RELAY_UNASKED(true),
    /** A peer asked to be dialled back more often than allowed, or at no address that may be dialled. */
    AUTONAT_REFUSED,
    /** A relayed connection turned into a direct one. */
    HOLE_PUNCHED,
    /** An attempt to turn a relayed connection into a direct one failed. */
    HOLE_PUNCH_FAILED,
    /** A handler threw. */
    HANDLER_FAILED,
    /** A peer would have us hold more than the memory set aside for it. */
    MEMORY_EXCEEDED,
    /** A record was not taken into the DHT: no room, no rules for it, or a better one is here. */
    KAD_REFUSED,
    /** A peer asks the DHT more often than it is answered at once. */
    KAD_THROTTLED,
    /** An mDNS packet was dropped: too many a second, malformed, or about addresses that are not of this network. */
    MDNS_DROPPED,

    /** Bytes that follow no format. */
    MALFORMED(true),
    /** Another peer answered than the one that was dialled. */
    WRONG_PEER(true),
    /** The key of the handshake is not signed by the identity that claims it, or a record failed its authentication. */
    NOT_AUTHENTIC(true),
    /** More bytes on a stream than its window allows. */
    WINDOW_OVERRUN(true),
    /** A send window pushed past 2^32 - 1. */
    WINDOW_OVERFLOW(true),
    /** A stream id of the wrong parity, used twice or never opened. */
    STREAM_ID(true),
    /** A frame of unknown version or type, or larger than any window. */
    BAD_FRAME(true),
    /** More pings or control frames than a connection can want. */
    CONTROL_FLOOD(true),
    /** A gossip message that is not its author's, or that a validator rejects. */
    GOSSIP_INVALID(true),
    /** A gossip message that its author sent long ago. */
    GOSSIP_REPLAY(true),
    /** More gossip control messages, or useless messages, than a peer can mean. */
    GOSSIP_FLOOD(true),
    /** A peer lost so much score that nothing it sends is looked at. */
    GOSSIP_GRAYLISTED(true),
    /** A false record, or one in somebody else's name, for the DHT. */
    KAD_POISONED(true),
    /** No answer to the keep-alive, or a write that nobody read. */
    UNRESPONSIVE;

    private final boolean misbehaviour;

    Event() {
        this(false);
    }

    Event(boolean misbehaviour) {
        this.misbehaviour = misbehaviour;
    }

    /** Whether an honest peer on a working network never causes it. */
    public boolean isMisbehaviour() {
        return misbehaviour;
    }
}
