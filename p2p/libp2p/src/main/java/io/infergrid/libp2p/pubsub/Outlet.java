package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import java.util.Optional;

/** The world as a {@link Router} sees it: what it does comes out here. No call may block or come back into the router. */
interface Outlet {

    /** Control first, messages after; a peer that is slow to read loses messages. */
    void send(PeerId peer, Rpc rpc);

    /**
     * Has the signature and the validator asked; the answer comes back by {@link Router#verified}.
     *
     * @return false if too many wait, and the message is dropped
     */
    boolean verify(Pending message);

    /** A good message on a topic that is listened to. */
    void deliver(Message message);

    /** Another peer says that this one listens to a topic that we have few links for. */
    void connect(Rpc.ExchangedPeer peer);

    /** An explicit peer is not connected. */
    void reconnect(PeerId peer);

    /** What the peer signed about its addresses, to be handed on. */
    Optional<byte[]> signedRecord(PeerId peer);

    /** A peer misbehaved. */
    void report(PeerId peer, Event event, String detail);

    void count(GossipEvent event, long by);
}
