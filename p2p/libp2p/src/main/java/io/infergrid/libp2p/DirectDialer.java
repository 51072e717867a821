package io.infergrid.libp2p;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Dials a peer anew, whatever connection there is to it, as hole punching needs. */
public interface DirectDialer {

    /**
     * Dials all of the addresses at once, from the port listened on where the system allows, so that a NAT treats it as it treats what
     * others see of us; again and again while they refuse and the limit lasts. The connection then takes the place of a relayed one.
     *
     * @param asListener whether to be the listening side of the handshake, when both sides dial
     * @throws IOException if none answers in time, or another peer does
     */
    Connection dialDirect(PeerId peer, List<Multiaddr> addresses, Duration limit, boolean asListener)
            throws IOException;
}
