package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.noise.NoiseChannel;
import io.infergrid.libp2p.noise.NoiseHandshake;
import io.infergrid.libp2p.noise.NoiseIdentity;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredChannel;
import io.infergrid.libp2p.yamux.YamuxSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Makes a secured connection of a raw one: multistream-select, Noise, and the multiplexer where the handshake did not settle it.
 * Whoever calls bounds the time by closing the raw connection.
 */
final class Upgrader {

    private static final int KEPT_BUFFERS = 64;

    private final NoiseIdentity own;
    private final BufferPool buffers = new BufferPool(NoiseChannel.BUFFER_BYTES, KEPT_BUFFERS);

    Upgrader(NoiseIdentity own) {
        this.own = own;
    }

    record Upgraded(SecuredChannel channel, PeerId remote) {}

    Upgraded outbound(RawConnection raw, PeerId expected) throws IOException {
        var noise = new NoiseHandshake(own, raw, true);
        // header, proposal and the first message of the handshake in one write save a round trip
        var proposal = MultistreamSelect.proposal(NoiseHandshake.PROTOCOL);
        var first = noise.firstMessage();
        raw.out()
                .write(ByteBuffer.allocate(proposal.length + first.length)
                        .put(proposal)
                        .put(first)
                        .array());
        MultistreamSelect.expect(raw.in(), NoiseHandshake.PROTOCOL);
        var secured = noise.initiate(expected, buffers);
        if (secured.muxer() == null) {
            var streams = ChannelStreams.of(secured.channel());
            MultistreamSelect.propose(streams.in(), streams.out(), List.of(YamuxSession.PROTOCOL));
        }
        return new Upgraded(secured.channel(), secured.remote());
    }

    Upgraded inbound(RawConnection raw) throws IOException {
        MultistreamSelect.answer(raw.in(), raw.out(), NoiseHandshake.PROTOCOL::equals);
        var secured = new NoiseHandshake(own, raw, false).respond(buffers);
        if (secured.muxer() == null) {
            var streams = ChannelStreams.of(secured.channel());
            MultistreamSelect.answer(streams.in(), streams.out(), YamuxSession.PROTOCOL::equals);
        }
        return new Upgraded(secured.channel(), secured.remote());
    }
}
