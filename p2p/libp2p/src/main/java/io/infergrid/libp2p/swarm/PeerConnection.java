package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.transport.MuxedSession;
import io.infergrid.libp2p.transport.MuxedStream;
import io.infergrid.libp2p.transport.SecuredSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection of the swarm: one session, and a virtual thread for each stream that the peer opens on it. */
final class PeerConnection implements Connection, MuxedSession.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(PeerConnection.class);

    private final Swarm swarm;
    private final PeerId remote;
    private final Multiaddr remoteAddress;
    private final boolean relayed;
    private final boolean inbound;
    private final MuxedSession session;
    private final Map<String, AtomicInteger> inboundStreams = new ConcurrentHashMap<>();
    private final long openedAt = System.nanoTime();
    private volatile boolean retired;

    PeerConnection(Swarm swarm, SecuredSession secured, boolean inbound) {
        this.swarm = swarm;
        this.inbound = inbound;
        remote = secured.remote();
        remoteAddress = secured.remoteAddress();
        relayed = secured.relayed();
        session = secured.session();
    }

    void start() {
        session.start(this);
    }

    @Override
    public PeerId remote() {
        return remote;
    }

    @Override
    public Multiaddr remoteAddress() {
        return remoteAddress;
    }

    @Override
    public boolean inbound() {
        return inbound;
    }

    @Override
    public boolean isOpen() {
        return session.isOpen();
    }

    @Override
    public boolean relayed() {
        return relayed;
    }

    int openStreams() {
        return session.openStreams();
    }

    long openedAt() {
        return openedAt;
    }

    @Override
    public Duration roundTrip() {
        return session.roundTrip();
    }

    @Override
    public Stream openAtOnce(Duration limit, String protocol) throws IOException {
        var stream = session.open(limit);
        try {
            stream.deadlineIn(limit);
            var proposed = new ProposedStream(stream, protocol, limit);
            stream.deadlineIn(Duration.ZERO);
            swarm.counters().count(Event.STREAM_OPENED);
            return new ProtocolStream(remote, protocol, proposed);
        } catch (IOException | RuntimeException e) {
            stream.reset();
            throw e;
        }
    }

    @Override
    public Stream open(Duration limit, List<String> protocols) throws IOException {
        if (!protocols.isEmpty() && swarm.isServedBy(remote, protocols.getFirst())) {
            return openAtOnce(limit, protocols.getFirst());
        }
        var stream = session.open(limit);
        try {
            stream.deadlineIn(limit);
            var protocol = MultistreamSelect.propose(stream.in(), stream.out(), protocols);
            stream.deadlineIn(Duration.ZERO);
            swarm.counters().count(Event.STREAM_OPENED);
            return new ProtocolStream(remote, protocol, stream);
        } catch (DecodeException e) {
            stream.reset();
            hit(Event.MALFORMED, e);
            throw e;
        } catch (IOException | RuntimeException e) {
            stream.reset();
            throw e;
        }
    }

    @Override
    public void close() {
        session.close();
    }

    void abort() {
        session.abort();
    }

    /**
     * Goes once those streams that are open have ended. The other side is not told before, since some end their streams at once when
     * they are, and it may still open some while it does not know the connection that takes this one's place.
     */
    void retire() {
        retired = true;
    }

    void tick(long now) {
        session.tick();
        if (retired
                && session.openStreams() == 0
                && now - openedAt > swarm.limits().times().negotiation().toNanos()) {
            session.close();
        }
    }

    // ---- called by the session's reader ----

    @Override
    public void opened(MuxedStream stream) {
        Thread.ofVirtual().name("libp2p-stream-" + remote).start(() -> serve(stream));
    }

    @Override
    public void hit(Event event) {
        swarm.misbehaved(this, event, "limit of the session");
    }

    private void hit(Event event, IOException cause) {
        swarm.misbehaved(this, event, String.valueOf(cause.getMessage()));
    }

    @Override
    public void goingAway() {
        retired = true; // it ends once its streams have
        LOG.debug("{} is going away", this);
    }

    @Override
    public void closed(@Nullable IOException cause) {
        if (cause instanceof ProtocolViolation violation) {
            hit(violation.event(), violation);
        } else if (cause != null) {
            LOG.debug("the connection to {} at {} broke: {}", remote, remoteAddress, cause.getMessage());
        }
        swarm.closed(this);
    }

    private void serve(MuxedStream stream) {
        String protocol;
        try {
            stream.deadlineIn(swarm.limits().times().negotiation());
            protocol = MultistreamSelect.answer(
                    stream.in(), stream.out(), p -> swarm.protocols().has(p, relayed));
            stream.deadlineIn(Duration.ZERO);
        } catch (IOException e) {
            hit(e instanceof DecodeException ? Event.MALFORMED : Event.NEGOTIATION_FAILED, e);
            stream.reset();
            return;
        }
        var served = swarm.protocols().get(protocol);
        if (served == null) { // withdrawn this moment
            stream.reset();
            return;
        }
        var open = inboundStreams.computeIfAbsent(protocol, _ -> new AtomicInteger());
        if (open.incrementAndGet() > served.options().maxInbound()) {
            open.decrementAndGet();
            hit(Event.REFUSED_STREAMS);
            stream.reset();
            return;
        }
        swarm.counters().count(Event.STREAM_ACCEPTED);
        try {
            handle(served, new ProtocolStream(remote, protocol, stream));
        } finally {
            open.decrementAndGet();
        }
    }

    private void handle(Protocols.Served served, ProtocolStream stream) {
        try {
            served.handler().handle(this, stream);
            stream.closeWrite();
            stream.close();
        } catch (IOException e) {
            broken(stream, e);
        } catch (UncheckedIOException e) {
            broken(stream, Objects.requireNonNull(e.getCause()));
        } catch (RuntimeException | Error e) {
            stream.reset();
            swarm.counters().count(Event.HANDLER_FAILED);
            LOG.warn("the handler of {} failed for {}", stream.protocol(), remote, e);
        }
    }

    /** A handler met the end of its stream, which is the network's way and no fault of the handler. */
    private void broken(ProtocolStream stream, IOException cause) {
        stream.reset();
        if (cause instanceof DecodeException) {
            hit(Event.MALFORMED, cause);
        } else {
            LOG.debug("{} with {} ended: {}", stream.protocol(), remote, cause.getMessage());
        }
    }

    @Override
    public String toString() {
        return (inbound ? "from " : "to ") + remote + " at " + remoteAddress;
    }
}
