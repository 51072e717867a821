package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Counters;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import io.infergrid.libp2p.noise.NoiseIdentity;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.yamux.MemoryBudget;
import io.infergrid.libp2p.yamux.YamuxSession;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host over TCP. One virtual thread accepts for each address listened on, one upgrades each inbound connection, two serve each open
 * one and one runs each inbound stream; a single platform thread keeps time. Made by {@link io.infergrid.libp2p.HostBuilder}.
 */
public final class Swarm implements Host {

    private static final Logger LOG = LoggerFactory.getLogger(Swarm.class);
    private static final Duration GOODBYE = Duration.ofSeconds(1);
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    /** What a host is made of. */
    public record Settings(
            PrivateKey identity,
            List<Multiaddr> listen,
            List<Multiaddr> announce,
            String agent,
            Limits limits,
            boolean earlyMuxer) {}

    private final Settings settings;
    private final PublicKey publicKey;
    private final PeerId self;
    private final Counters counters = new Counters();
    private final Misbehaviour misbehaviour = new Misbehaviour(counters);
    private final Protocols protocols = new Protocols();
    private final AddressBook book = new AddressBook();
    private final InboundGate gate;
    private final MemoryBudget memory;
    private final Upgrader upgrader;
    private final Dialer dialer;
    private final ScheduledThreadPoolExecutor clock;
    private final List<ServerSocket> servers = new ArrayList<>();
    private final List<HostListener> listeners = new CopyOnWriteArrayList<>();
    private final Map<PeerId, CompletableFuture<PeerConnection>> dials = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneLess = lock.newCondition();
    private final Map<PeerId, PeerConnection> live = new ConcurrentHashMap<>(); // the one in use for each peer
    private final Set<PeerConnection> all = ConcurrentHashMap.newKeySet(); // and those that are on their way out
    private final Map<PeerId, PeerInfo> infos = new ConcurrentHashMap<>(); // of peers that are connected
    private final Set<Deadline> upgrading = ConcurrentHashMap.newKeySet(); // connections in their handshake
    private volatile boolean closed;

    private Swarm(Settings settings) {
        this.settings = settings;
        publicKey = settings.identity().publicKey();
        self = publicKey.peerId();
        gate = new InboundGate(settings.limits());
        memory = new MemoryBudget(settings.limits().memory().bytes());
        upgrader = new Upgrader(
                new NoiseIdentity(settings.identity(), settings.earlyMuxer() ? List.of(YamuxSession.PROTOCOL) : null));
        dialer = new Dialer(upgrader, this);
        clock = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("libp2p-clock").factory());
        clock.setRemoveOnCancelPolicy(true);
    }

    /** Binds, serves ping and identify, and starts to accept. */
    public static Swarm start(Settings settings) throws IOException {
        var swarm = new Swarm(settings);
        try {
            for (var address : settings.listen()) {
                swarm.servers.add(TcpTransport.listen(address));
            }
        } catch (IOException e) {
            swarm.close();
            throw e;
        }
        swarm.serveOwnProtocols();
        for (var server : swarm.servers) {
            Thread.ofVirtual().name("libp2p-accept-" + server.getLocalPort()).start(() -> swarm.accept(server));
        }
        ScheduledFuture<?> _ = swarm.clock.scheduleWithFixedDelay(swarm::tick, 250, 250, TimeUnit.MILLISECONDS);
        return swarm;
    }

    private void serveOwnProtocols() {
        protocols.add(Ping.PROTOCOL, Ping.MAX_INBOUND, (_, stream) -> Ping.serve(stream));
        protocols.add(Identify.PROTOCOL, Identify.MAX_INBOUND, (connection, stream) -> {
            stream.timeout(limits().times().negotiation());
            stream.out().write(Identify.encode(publicKey, ownInfo(connection)));
        });
        protocols.add(Identify.PUSH, Identify.MAX_INBOUND, (connection, stream) -> {
            stream.timeout(limits().times().negotiation());
            identified(connection, Identify.read(stream.in(), connection.remote()));
        });
    }

    private PeerInfo ownInfo(PeerConnection connection) {
        return new PeerInfo(
                Identify.VERSION,
                settings.agent(),
                protocols.names(),
                addresses().stream().map(Multiaddr::withoutPeer).toList(),
                Optional.of(connection.remoteAddress()));
    }

    Limits limits() {
        return settings.limits();
    }

    Protocols protocols() {
        return protocols;
    }

    Misbehaviour misbehaviour() {
        return misbehaviour;
    }

    /** What happened here since the start. */
    public Counters counters() {
        return counters;
    }

    @Override
    public PeerId peerId() {
        return self;
    }

    @Override
    public List<Multiaddr> addresses() {
        var plain = new ArrayList<Multiaddr>();
        if (!settings.announce().isEmpty()) {
            plain.addAll(settings.announce());
        } else {
            for (var server : servers) {
                plain.addAll(reachable((InetSocketAddress) server.getLocalSocketAddress()));
            }
        }
        return plain.stream().map(a -> a.withPeer(self)).distinct().toList();
    }

    /** A wildcard stands for the addresses of every interface that is up. */
    private static List<Multiaddr> reachable(InetSocketAddress bound) {
        if (!bound.getAddress().isAnyLocalAddress()) {
            return List.of(Multiaddr.tcp(bound));
        }
        boolean six = bound.getAddress().getAddress().length == 16;
        try {
            return NetworkInterface.networkInterfaces()
                    .filter(Swarm::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(ip -> !ip.isLinkLocalAddress() && (six || ip.getAddress().length == 4))
                    .map(ip -> Multiaddr.tcp(new InetSocketAddress(ip, bound.getPort())))
                    .toList();
        } catch (SocketException e) {
            LOG.warn("this system does not tell its addresses, so only loopback is announced: {}", e.getMessage());
            return List.of(Multiaddr.tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), bound.getPort())));
        }
    }

    private static boolean isUp(NetworkInterface network) {
        try {
            return network.isUp();
        } catch (SocketException e) {
            return false;
        }
    }

    // ---- dialling ----

    @Override
    public Connection connect(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
        return connection(peer, addresses, limit);
    }

    private PeerConnection connection(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
        if (peer.equals(self)) {
            throw new IOException("a host does not dial itself");
        }
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            var current = usable(peer);
            if (current != null) {
                return current;
            }
            var mine = new CompletableFuture<PeerConnection>();
            var running = dials.putIfAbsent(peer, mine);
            var left = Duration.ofNanos(deadline - System.nanoTime());
            if (running == null) {
                return dial(peer, addresses, left, mine);
            }
            try {
                return await(running, peer, left);
            } catch (IOException e) {
                if (addresses.isEmpty() || deadline - System.nanoTime() <= 0) {
                    throw e; // else that dial may have known other addresses than we do
                }
            }
        }
    }

    private PeerConnection dial(
            PeerId peer, List<Multiaddr> addresses, Duration limit, CompletableFuture<PeerConnection> result)
            throws IOException {
        try {
            var connection = dial(peer, addresses, limit);
            result.complete(connection);
            return connection;
        } catch (IOException | RuntimeException e) {
            result.completeExceptionally(e);
            throw e;
        } finally {
            dials.remove(peer, result);
        }
    }

    private PeerConnection dial(PeerId peer, List<Multiaddr> addresses, Duration limit) throws IOException {
        var current = usable(peer); // it may have come while the dial was being entered
        if (current != null) {
            return current;
        }
        var candidates = new ArrayList<>(addresses);
        candidates.addAll(book.of(peer));
        if (candidates.isEmpty()) {
            throw new IOException("dial " + peer + ": no address of it is known");
        }
        var reached = dialer.dial(peer, candidates, limit);
        book.add(peer, List.of(reached.raw().remoteAddress()));
        return admit(reached.upgraded(), reached.raw().remoteAddress(), false);
    }

    private static PeerConnection await(CompletableFuture<PeerConnection> running, PeerId peer, Duration limit)
            throws IOException {
        try {
            return running.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer from " + peer + " within " + limit, e);
        } catch (ExecutionException e) {
            var cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(cause.getMessage(), cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while dialling " + peer);
        }
    }

    private @Nullable PeerConnection usable(PeerId peer) {
        var connection = live.get(peer);
        return connection != null && connection.isOpen() ? connection : null;
    }

    @Override
    public Stream open(PeerId peer, String protocol, Duration limit) throws IOException {
        var connection = connection(peer, List.of(), limit);
        try {
            return connection.open(limit, List.of(protocol));
        } catch (IOException e) {
            if (connection.isOpen()) {
                throw e;
            }
            // it was on its way out, e.g. as the lesser of two that were dialled at once
            return connection(peer, List.of(), limit).open(limit, List.of(protocol));
        }
    }

    /** Sends 32 bytes there and back. */
    public Duration ping(PeerId peer, Duration limit) throws IOException {
        try (var stream = open(peer, Ping.PROTOCOL, limit)) {
            return Ping.roundTrip(stream, limit);
        }
    }

    /** What a connected peer said of itself; empty until it did. */
    public Optional<PeerInfo> info(PeerId peer) {
        return Optional.ofNullable(infos.get(peer));
    }

    // ---- listening ----

    private void accept(ServerSocket server) {
        while (!closed) {
            try {
                admitOrRefuse(server.accept());
            } catch (IOException e) {
                if (!closed) {
                    // out of file descriptors, most likely; those that end make room
                    LOG.warn("could not accept on port {}: {}", server.getLocalPort(), e.getMessage());
                    pause();
                }
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(ACCEPT_PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void admitOrRefuse(Socket socket) throws IOException {
        var address = (InetSocketAddress) socket.getRemoteSocketAddress();
        if (address == null) {
            socket.close(); // it went as it came
            return;
        }
        var refusal = gate.knock(address.getAddress(), System.nanoTime());
        if (refusal.isPresent()) {
            misbehaviour.hit(null, Multiaddr.tcp(address), refusal.get(), "connection turned away");
            socket.close();
            return;
        }
        Thread.ofVirtual().name("libp2p-inbound-" + address).start(() -> inbound(socket, address));
    }

    private void inbound(Socket socket, InetSocketAddress address) {
        try {
            upgrade(socket);
        } catch (IOException e) {
            misbehaviour.failed(null, Multiaddr.tcp(address), e, Event.HANDSHAKE_FAILED);
            close(socket);
        } catch (RuntimeException e) {
            LOG.error("an inbound connection from {} failed", address, e);
            close(socket);
        } finally {
            gate.settled(address.getAddress());
        }
    }

    private void upgrade(Socket socket) throws IOException {
        var raw = TcpTransport.wrap(socket);
        Upgrader.Upgraded upgraded;
        try (var deadline = deadline(raw, limits().times().upgrade())) {
            try {
                upgraded = upgrader.inbound(raw);
            } catch (IOException e) {
                throw deadline.explain(
                        e,
                        "the handshake did not end within " + limits().times().upgrade());
            }
        }
        admit(upgraded, raw.remoteAddress(), true);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing a connection: {}", e.getMessage());
        }
    }

    Deadline deadline(RawConnection raw, Duration limit) {
        return new Deadline(clock, raw, limit, upgrading);
    }

    // ---- the connections ----

    /** Takes a secured connection into the swarm and returns the one to use for the peer, which may be another. */
    private PeerConnection admit(Upgrader.Upgraded upgraded, Multiaddr address, boolean inbound) throws IOException {
        var peer = upgraded.remote();
        var ip = address.ip().orElseThrow();
        if (peer.equals(self)) {
            upgraded.channel().close();
            throw new IOException("a host does not connect to itself");
        }
        if (!gate.opened(ip, inbound, System.nanoTime())) {
            upgraded.channel().close();
            counters.count(Event.REFUSED_CONNECTIONS);
            throw new IOException("too many connections are open");
        }
        var fresh = new PeerConnection(
                this,
                peer,
                address,
                inbound,
                upgraded.channel(),
                memory.part(limits().memory().connectionBytes()));
        return register(fresh, ip);
    }

    private PeerConnection register(PeerConnection fresh, InetAddress ip) throws IOException {
        var peer = fresh.remote();
        @Nullable PeerConnection old;
        boolean useFresh;
        lock.lock();
        try {
            if (closed) {
                fresh.abort();
                gate.closed(ip);
                throw new IOException("the host is closed");
            }
            old = live.get(peer);
            useFresh = old == null || !old.isOpen() || prefers(fresh, old);
            if (useFresh) {
                live.put(peer, fresh);
            }
            all.add(fresh);
        } finally {
            lock.unlock();
        }
        counters.count(Event.CONNECTION_OPENED);
        if (old == null) {
            tell(l -> l.connected(fresh));
        }
        fresh.start();
        if (old != null) {
            (useFresh ? old : fresh).retire();
        }
        Thread.ofVirtual().name("libp2p-identify-" + peer).start(() -> askWhoItIs(fresh));
        return old == null || useFresh ? fresh : old;
    }

    /**
     * Which of two connections to one peer stays. Two that were dialled at the same time from both sides: the one that the peer with the
     * smaller id dialled, so that both sides choose the same. Otherwise the newer, since the peer would not have made it over the older.
     */
    private boolean prefers(PeerConnection fresh, PeerConnection old) {
        boolean atOnce = fresh.inbound() != old.inbound()
                && fresh.openedAt() - old.openedAt()
                        < limits().times().upgrade().toNanos();
        if (!atOnce) {
            return true;
        }
        boolean smaller = self.compareTo(fresh.remote()) < 0;
        return fresh.inbound() != smaller;
    }

    private void askWhoItIs(PeerConnection connection) {
        var limit = limits().times().negotiation();
        try (var stream = connection.open(limit, List.of(Identify.PROTOCOL))) {
            stream.timeout(limit);
            stream.closeWrite();
            identified(connection, Identify.read(stream.in(), connection.remote()));
        } catch (io.infergrid.libp2p.codec.DecodeException e) {
            misbehaviour.failed(connection.remote(), connection.remoteAddress(), e, Event.MALFORMED);
        } catch (IOException e) {
            LOG.debug("{} does not say who it is: {}", connection, e.getMessage());
        }
    }

    private void identified(PeerConnection connection, PeerInfo info) {
        if (!all.contains(connection)) {
            return;
        }
        infos.put(connection.remote(), info);
        book.add(connection.remote(), info.addresses());
        tell(l -> l.identified(connection, info));
    }

    void closed(PeerConnection connection) {
        boolean last;
        lock.lock();
        try {
            if (!all.remove(connection)) {
                return;
            }
            last = live.remove(connection.remote(), connection);
            var other = last ? another(connection.remote()) : null;
            if (other != null) {
                live.put(connection.remote(), other);
                last = false;
            }
            if (last) {
                infos.remove(connection.remote());
            }
            oneLess.signalAll();
        } finally {
            lock.unlock();
        }
        gate.closed(connection.remoteAddress().ip().orElseThrow());
        counters.count(Event.CONNECTION_CLOSED);
        if (last) {
            tell(l -> l.disconnected(connection));
        }
    }

    private @Nullable PeerConnection another(PeerId peer) {
        return all.stream()
                .filter(c -> c.remote().equals(peer) && c.isOpen())
                .findFirst()
                .orElse(null);
    }

    private void tell(Consumer<HostListener> news) {
        for (var listener : listeners) {
            try {
                news.accept(listener);
            } catch (RuntimeException e) {
                LOG.warn("a listener of the host failed", e);
            }
        }
    }

    private void tick() {
        long now = System.nanoTime();
        for (var connection : all) {
            try {
                connection.tick(now);
            } catch (RuntimeException e) {
                LOG.error("keeping time for {} failed", connection, e);
            }
        }
    }

    @Override
    public void handle(String protocol, Consumer<Stream> handler) {
        protocols.add(protocol, limits().inboundStreamsPerProtocol(), handler);
    }

    @Override
    public List<Connection> connections() {
        return List.copyOf(live.values());
    }

    @Override
    public void addListener(HostListener listener) {
        listeners.add(listener);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        for (var server : servers) {
            try {
                server.close();
            } catch (IOException e) {
                LOG.debug("closing port {}: {}", server.getLocalPort(), e.getMessage());
            }
        }
        upgrading.forEach(Deadline::pass);
        all.forEach(PeerConnection::close);
        awaitGoodbyes();
        all.forEach(PeerConnection::abort);
        clock.shutdownNow();
    }

    private void awaitGoodbyes() {
        lock.lock();
        try {
            long left = GOODBYE.toNanos();
            while (!all.isEmpty() && left > 0) {
                left = oneLess.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
