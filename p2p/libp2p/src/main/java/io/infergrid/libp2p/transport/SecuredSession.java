package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;

/**
 * A session with a peer whose identity is proved. QUIC gives one; of other transports the host's upgrader makes one.
 *
 * @param session not started yet
 */
public record SecuredSession(PeerId remote, Multiaddr remoteAddress, boolean relayed, MuxedSession session)
        implements Link {

    @Override
    public void close() {
        session.abort();
    }
}
