package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.pnet.PreSharedKey;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredSession;
import io.infergrid.libp2p.transport.Security;
import io.infergrid.libp2p.yamux.YamuxSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes a session of a raw connection: multistream-select, a security, and the multiplexer where the handshake did not settle it.
 * Whoever calls bounds the time by closing the raw connection.
 */
final class Upgrader {

    private final List<Security> securities;
    private final Limits limits;
    private final MemoryBudget memory;
    private final @Nullable PreSharedKey privateNetwork;

    /**
     * @param securities that are spoken here, best first; with one only, its first message leaves together with its proposal
     * @param memory of the whole host
     * @param privateNetwork its key, null if there is none
     */
    Upgrader(List<Security> securities, Limits limits, MemoryBudget memory, @Nullable PreSharedKey privateNetwork) {
        this.securities = List.copyOf(securities);
        this.limits = limits;
        this.memory = memory;
        this.privateNetwork = privateNetwork;
    }

    SecuredSession outbound(RawConnection wire, PeerId expected) throws IOException {
        var raw = hidden(wire);
        return session(raw, secureOutbound(raw, expected), true);
    }

    private RawConnection hidden(RawConnection wire) throws IOException {
        return privateNetwork == null ? wire : privateNetwork.protect(wire);
    }

    SecuredSession inbound(RawConnection wire) throws IOException {
        var raw = hidden(wire);
        var chosen = MultistreamSelect.answer(raw.in(), raw.out(), p -> named(p) != null);
        var secured =
                Objects.requireNonNull(named(chosen)).begin(raw, false, null).finish();
        if (secured.muxer() == null) {
            var streams = ChannelStreams.of(secured.channel());
            MultistreamSelect.answer(streams.in(), streams.out(), YamuxSession.PROTOCOL::equals);
        }
        return session(raw, secured, false);
    }

    Security.Secured secureOutbound(RawConnection raw, PeerId expected) throws IOException {
        var secured = handshake(raw, expected).finish();
        if (secured.muxer() == null) {
            var streams = ChannelStreams.of(secured.channel());
            MultistreamSelect.propose(streams.in(), streams.out(), List.of(YamuxSession.PROTOCOL));
        }
        return secured;
    }

    private Security.Handshake handshake(RawConnection raw, PeerId expected) throws IOException {
        if (securities.size() == 1) {
            var only = securities.getFirst();
            var handshake = only.begin(raw, true, expected);
            // header, proposal and the first message of the handshake in one write save a round trip
            var proposal = MultistreamSelect.proposal(only.protocol());
            var first = handshake.firstMessage();
            raw.out()
                    .write(ByteBuffer.allocate(proposal.length + first.length)
                            .put(proposal)
                            .put(first)
                            .array());
            MultistreamSelect.expect(raw.in(), only.protocol());
            return handshake;
        }
        var names = securities.stream().map(Security::protocol).toList();
        var chosen = named(MultistreamSelect.propose(raw.in(), raw.out(), names));
        var handshake = Objects.requireNonNull(chosen).begin(raw, true, expected);
        raw.out().write(handshake.firstMessage());
        return handshake;
    }

    private @Nullable Security named(String protocol) {
        for (var security : securities) {
            if (security.protocol().equals(protocol)) {
                return security;
            }
        }
        return null;
    }

    private SecuredSession session(RawConnection raw, Security.Secured secured, boolean client) {
        var text = secured.remote().toString();
        var session = new YamuxSession(
                secured.channel(),
                client,
                limits.yamux(),
                memory.part(limits.memory().connectionBytes()),
                text.substring(Math.max(0, text.length() - 6)),
                System::nanoTime);
        return new SecuredSession(secured.remote(), raw.remoteAddress(), raw.relayed(), session);
    }
}
