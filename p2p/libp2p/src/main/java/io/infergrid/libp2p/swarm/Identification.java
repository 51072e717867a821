package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.identity.PublicKey;
import io.infergrid.libp2p.peers.AddressBook;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks each new peer who it is, answers who we are, and tells connected peers again when our addresses or protocols have changed: a
 * little after the change, so that several become one message, and 32 peers at a time.
 */
final class Identification {

    private static final Logger LOG = LoggerFactory.getLogger(Identification.class);
    private static final Duration PUSH_DELAY = Duration.ofMillis(200);
    private static final int PUSHES_AT_ONCE = 32;

    private final Swarm swarm;
    private final PublicKey publicKey;
    private final String agent;
    private final AddressBook book;
    private final ScheduledExecutorService clock;
    private final Map<PeerId, PeerInfo> infos = new ConcurrentHashMap<>(); // of peers that are connected
    private final AtomicBoolean pushDue = new AtomicBoolean();
    private final Semaphore pushing = new Semaphore(PUSHES_AT_ONCE);

    Identification(Swarm swarm, PublicKey publicKey, String agent, AddressBook book, ScheduledExecutorService clock) {
        this.swarm = swarm;
        this.publicKey = publicKey;
        this.agent = agent;
        this.book = book;
        this.clock = clock;
    }

    void serve() {
        var options = HandlerOptions.atMost(Identify.MAX_INBOUND).alsoRelayed();
        swarm.protocols().add(Identify.PROTOCOL, options, (connection, stream) -> {
            stream.timeout(limit());
            stream.out().write(own(connection.remoteAddress()));
        });
        swarm.protocols().add(Identify.PUSH, options, (connection, stream) -> {
            stream.timeout(limit());
            identified((PeerConnection) connection, Identify.read(stream.in(), connection.remote()));
        });
    }

    private Duration limit() {
        return swarm.limits().times().negotiation();
    }

    private byte[] own(Multiaddr observed) {
        var info = new PeerInfo(
                Identify.VERSION,
                agent,
                swarm.protocols().names(),
                swarm.addresses().stream().map(Multiaddr::withoutPeer).toList(),
                Optional.of(observed),
                Optional.of(swarm.signedRecord()));
        return Identify.encode(publicKey, info);
    }

    Optional<PeerInfo> of(PeerId peer) {
        return Optional.ofNullable(infos.get(peer));
    }

    void forget(PeerId peer) {
        infos.remove(peer);
    }

    /** Asks on a thread of its own. */
    void ask(PeerConnection connection) {
        Thread.ofVirtual()
                .name("libp2p-identify-" + connection.remote())
                .start(() -> converse(connection, Identify.PROTOCOL));
    }

    private void converse(PeerConnection connection, String protocol) {
        try (var stream = connection.open(limit(), List.of(protocol))) {
            stream.timeout(limit());
            if (protocol.equals(Identify.PUSH)) {
                stream.out().write(own(connection.remoteAddress()));
                stream.closeWrite();
            } else {
                stream.closeWrite();
                identified(connection, Identify.read(stream.in(), connection.remote()));
            }
        } catch (IOException e) {
            swarm.misbehaved(connection, Misbehaviour.kind(e, Event.NOT_IDENTIFIED), String.valueOf(e.getMessage()));
        }
    }

    private void identified(PeerConnection connection, PeerInfo info) {
        var peer = connection.remote();
        if (!swarm.isOpen(connection)) {
            return;
        }
        infos.put(peer, info);
        if (!swarm.isOpen(connection)) { // it went meanwhile, and who removes it may have been here before us
            infos.remove(peer, info);
        }
        remember(peer, info);
        swarm.tell(l -> l.identified(connection, info));
        info.observed().ifPresent(ours -> swarm.tell(l -> l.observed(connection, ours)));
    }

    private void remember(PeerId peer, PeerInfo info) {
        book.add(peer, info.addresses(), AddressBook.TOLD);
        info.signedRecord().ifPresent(record -> {
            try {
                boolean _ = book.certify(record, AddressBook.TOLD);
            } catch (IOException e) {
                LOG.warn("the record of {} could not be kept: {}", peer, e.getMessage());
            }
        });
    }

    /** Our addresses or protocols are other ones: peers hear of it soon. */
    void changed() {
        if (pushDue.compareAndSet(false, true)) {
            try {
                var _ = clock.schedule(this::pushAll, PUSH_DELAY.toMillis(), TimeUnit.MILLISECONDS);
            } catch (java.util.concurrent.RejectedExecutionException e) {
                LOG.debug("the host closes: nobody is told of the change");
            }
        }
    }

    private void pushAll() {
        pushDue.set(false);
        for (var connection : swarm.live()) {
            var info = infos.get(connection.remote());
            if (info == null || !info.protocols().contains(Identify.PUSH)) {
                continue; // one that did not say who it is yet asks us now, or asked a moment ago and is asked in turn
            }
            Thread.ofVirtual().name("libp2p-push-" + connection.remote()).start(() -> {
                pushing.acquireUninterruptibly();
                try {
                    converse(connection, Identify.PUSH);
                } finally {
                    pushing.release();
                }
            });
        }
    }
}
