package io.infergrid.libp2p.noise;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.Security;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Noise XX for the connections of one host. */
public final class NoiseSecurity implements Security {

    private static final int KEPT_BUFFERS = 64;
    private static final BufferPool BUFFERS = new BufferPool(NoiseChannel.BUFFER_BYTES, KEPT_BUFFERS); // for all hosts

    private final NoiseIdentity own;

    public NoiseSecurity(NoiseIdentity own) {
        this.own = own;
    }

    /** For {@code HostBuilder.security}. */
    public static NoiseSecurity create(PrivateKey identity, @Nullable List<String> muxers) {
        return new NoiseSecurity(new NoiseIdentity(identity, muxers));
    }

    @Override
    public String protocol() {
        return NoiseHandshake.PROTOCOL;
    }

    @Override
    public Handshake begin(RawConnection raw, boolean initiator, @Nullable PeerId expected) throws IOException {
        var noise = new NoiseHandshake(own, raw, initiator);
        return new Handshake() {
            @Override
            public byte[] firstMessage() throws IOException {
                return noise.firstMessage();
            }

            @Override
            public Secured finish() throws IOException {
                return initiator ? noise.initiate(expected, BUFFERS) : noise.respond(BUFFERS);
            }
        };
    }
}
