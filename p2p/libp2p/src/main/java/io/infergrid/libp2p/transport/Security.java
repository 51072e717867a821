package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A way to make a raw connection confidential and its ends known: Noise, or TLS. Thread-safe. */
public interface Security {

    /** Makes one for a host that starts. */
    interface Factory {

        /**
         * @param muxers what to offer inside the handshake, best first; null to leave the multiplexer to multistream-select
         */
        Security create(PrivateKey identity, @Nullable List<String> muxers) throws IOException;
    }

    /** Its name in multistream-select. */
    String protocol();

    /**
     * Prepares a handshake; nothing is read or written yet.
     *
     * @param initiator whether this side dialled
     * @param expected the peer that has to answer, null if any may
     */
    Handshake begin(RawConnection raw, boolean initiator, @Nullable PeerId expected) throws IOException;

    /** One handshake, for one thread; whoever calls bounds the time by closing the connection. */
    interface Handshake {

        /**
         * What the initiator sends first, once; the caller writes it, together with the proposal of the protocol where it can, which saves
         * a round trip. Empty if there is nothing; not asked of the other side.
         */
        byte[] firstMessage() throws IOException;

        /** The rest. */
        Secured finish() throws IOException;
    }

    /**
     * A finished handshake.
     *
     * @param muxer the multiplexer agreed on, or null if it is left to multistream-select
     */
    record Secured(
            SecuredChannel channel, PeerId remote, @Nullable String muxer) {}
}
