package io.infergrid.libp2p.noise;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node brings to each of its handshakes: one Noise static key for as long as it runs and the identity's signature over it,
 * made once, since signing anew for each stranger would hand out our time.
 */
public final class NoiseIdentity {

    private final PeerId peerId;
    private final X25519Pair staticKey = X25519Pair.generate();
    private final byte[] payload;
    private final @Nullable List<String> muxers;

    /**
     * @param muxers what to offer inside the handshake, best first; null to leave the multiplexer to multistream-select
     */
    public NoiseIdentity(PrivateKey identity, @Nullable List<String> muxers) {
        peerId = identity.peerId();
        this.muxers = muxers;
        payload = HandshakePayload.sign(identity, staticKey.point(), muxers).encode();
    }

    public PeerId peerId() {
        return peerId;
    }

    X25519Pair staticKey() {
        return staticKey;
    }

    byte[] payload() {
        return payload;
    }

    @Nullable
    List<String> muxers() {
        return muxers;
    }
}
