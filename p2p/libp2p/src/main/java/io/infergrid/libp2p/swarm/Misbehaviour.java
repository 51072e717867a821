package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Counters;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what peers do wrong and writes one line of it in a form that tools like fail2ban can read, at most ten a second:
 * {@code misbehaviour peer=12D3Koo... addr=/ip4/203.0.113.7/tcp/4001 event=WINDOW_OVERRUN detail="..."}.
 */
final class Misbehaviour {

    private static final Logger LOG = LoggerFactory.getLogger("io.infergrid.libp2p.misbehaviour");
    private static final int LINES_PER_SECOND = 10;

    private final Counters counters;
    private final AtomicLong second = new AtomicLong(); // high bits: the second, low 16 bits: lines in it

    Misbehaviour(Counters counters) {
        this.counters = counters;
    }

    /** Counts a failure by its kind; {@code other} is for those that are nobody's fault. */
    void failed(@Nullable PeerId peer, Multiaddr address, IOException cause, Event other) {
        hit(peer, address, kind(cause, other), String.valueOf(cause.getMessage()));
    }

    static Event kind(IOException cause, Event other) {
        return switch (cause) {
            case ProtocolViolation v -> v.event();
            case DecodeException _ -> Event.MALFORMED;
            default -> other;
        };
    }

    void hit(@Nullable PeerId peer, @Nullable Multiaddr address, Event event, String detail) {
        counters.count(event);
        if (event.isMisbehaviour() && mayWrite()) {
            LOG.warn(
                    "misbehaviour peer={} addr={} event={} detail=\"{}\"",
                    peer == null ? "unknown" : peer,
                    address == null ? "unknown" : address,
                    event,
                    detail.replace('"', '\''));
        } else {
            LOG.debug("peer={} addr={} event={} detail=\"{}\"", peer, address, event, detail);
        }
    }

    private boolean mayWrite() {
        long now = System.nanoTime() / 1_000_000_000L;
        long state = second.updateAndGet(s -> s >> 16 == now ? s + 1 : now << 16 | 1);
        return (state & 0xffff) <= LINES_PER_SECOND;
    }
}
