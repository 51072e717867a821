package io.infergrid.grid.net;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The grid's protocols on a libp2p host. Thread-safe. */
public final class Swarm {

    private static final Logger LOG = LoggerFactory.getLogger(Swarm.class);

    private static final String PING = "/ipfs/ping/1.0.0";
    private static final int PING_BYTES = 32;
    private static final Duration HOLE_PUNCH = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(50);

    private final Host host;
    private final GridMetrics metrics;
    private final Map<String, Handler> handlers = new ConcurrentHashMap<>();

    public Swarm(Host host, GridMetrics metrics) {
        this.host = host;
        this.metrics = metrics;
    }

    /** Serves one inbound stream, on a virtual thread of its own; the stream is closed after. */
    @FunctionalInterface
    public interface Handler {
        void serve(Stream stream) throws IOException, InterruptedException;
    }

    public PeerId self() {
        return host.peerId();
    }

    /** As {@link Host#sign}. */
    public byte[] sign(byte[] message) {
        return host.sign(message);
    }

    public List<Multiaddr> addresses() {
        return host.addresses();
    }

    /** Peers that there is a connection to now. */
    public Set<PeerId> connected() {
        var peers = new HashSet<PeerId>();
        for (Connection connection : host.connections()) {
            if (connection.isOpen()) {
                peers.add(connection.remote());
            }
        }
        return peers;
    }

    public List<Connection> connections() {
        return host.connections();
    }

    /** The last measured round trip to a connected peer; zero if there is none. */
    public Duration roundTrip(PeerId peer) {
        return host.connection(peer).map(Connection::roundTrip).orElse(Duration.ZERO);
    }

    /** Registers a protocol. What its handler throws ends the stream and is counted: {@code <name>.bad} for a message that breaks the protocol. */
    public void serve(String protocol, String name, Handler handler) {
        Handler guarded = stream -> {
            try {
                handler.serve(stream);
            } catch (WireException bad) {
                metrics.count(name + ".bad");
                LOG.info("peer {} broke {}: {}", stream.remote(), protocol, bad.getMessage());
                stream.reset();
            } catch (IOException gone) {
                metrics.count(name + ".lost");
                LOG.debug("stream of {} for {} ended: {}", stream.remote(), protocol, gone.getMessage());
                stream.reset();
            } catch (InterruptedException stopped) {
                stream.reset();
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error broken) {
                metrics.count(name + ".failed");
                LOG.warn("serving {} for {} failed", protocol, stream.remote(), broken);
                stream.reset();
            }
        };
        handlers.put(protocol, guarded);
        host.handle(protocol, stream -> {
            try {
                guarded.serve(stream);
            } catch (IOException | InterruptedException e) {
                stream.reset();
            }
        });
    }

    /** Makes sure that there is a connection. */
    public void connect(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
        host.connect(peer, addresses, limit);
    }

    /** Opens a stream to a peer, through {@code addresses} if it is not connected yet, or to this node itself. */
    public Stream open(PeerId peer, List<Multiaddr> addresses, String protocol, Duration limit) throws IOException {
        if (peer.equals(host.peerId())) {
            return loopback(protocol);
        }
        if (!addresses.isEmpty() && !connected().contains(peer)) {
            host.connect(peer, addresses, limit);
        }
        awaitDirect(peer, limit);
        return host.open(peer, protocol, limit);
    }

    /** A relay carries no work of the grid; a connection over one is about to turn into a direct one, if it can at all. */
    private void awaitDirect(PeerId peer, Duration limit) throws IOException {
        long deadline = System.nanoTime() + Math.min(limit.toNanos(), HOLE_PUNCH.toNanos());
        while (host.connection(peer).filter(Connection::relayed).isPresent() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while " + peer + " was connected over a relay only");
            }
        }
    }

    /** Time of 32 bytes there and back on an open stream, {@code /ipfs/ping/1.0.0}. */
    public Duration ping(PeerId peer, Duration limit) throws IOException {
        try (Stream stream = host.open(peer, PING, limit)) {
            stream.timeout(limit);
            long start = 0;
            for (int i = 0; i < 2; i++) { // the first also agrees on the protocol
                start = System.nanoTime();
                stream.out().write(new byte[PING_BYTES]);
                stream.out().flush();
                int back = stream.in().readNBytes(PING_BYTES).length;
                if (back < PING_BYTES) {
                    throw new EOFException("ping: expected " + PING_BYTES + " bytes back, found " + back);
                }
            }
            long nanos = System.nanoTime() - start;
            stream.closeWrite();
            return Duration.ofNanos(nanos);
        }
    }

    private Stream loopback(String protocol) throws IOException {
        Handler handler = handlers.get(protocol);
        if (handler == null) {
            throw new IOException("expected this node to serve " + protocol + ", found that it does not");
        }
        var pair = LoopbackStream.pair(host.peerId(), host.peerId(), protocol);
        Thread.ofVirtual().name("loopback " + protocol).start(() -> {
            try (var stream = pair.accepted()) {
                handler.serve(stream);
            } catch (IOException | InterruptedException e) {
                pair.accepted().reset();
            }
        });
        return pair.opened();
    }
}
