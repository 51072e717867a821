package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Access;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Counters;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.StreamHandler;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.noise.NoiseIdentity;
import io.infergrid.libp2p.noise.NoiseSecurity;
import io.infergrid.libp2p.peers.AddressBook;
import io.infergrid.libp2p.pnet.PreSharedKey;
import io.infergrid.libp2p.record.SignedEnvelope;
import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredSession;
import io.infergrid.libp2p.transport.Security;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.transport.Transport;
import io.infergrid.libp2p.yamux.YamuxSession;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * A host. One virtual thread accepts for each address listened on, one upgrades each inbound connection, two serve each open
 * one and one runs each inbound stream; a single platform thread keeps time. Made by {@link io.infergrid.libp2p.HostBuilder}.
 */
public final class Swarm implements Host {

    private static final Logger LOG = LoggerFactory.getLogger(Swarm.class);
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    /** What a host is made of. */
    public record Settings(
            PrivateKey identity,
            List<Multiaddr> listen,
            List<Multiaddr> announce,
            String agent,
            Limits limits,
            boolean earlyMuxer,
            List<Transport.Factory> transports,
            List<Security.Factory> securities,
            AddressBook addressBook,
            @Nullable PreSharedKey privateNetwork) {}

    private final Settings settings;
    private final PeerId self;
    private final Counters counters = new Counters();
    private final Misbehaviour misbehaviour = new Misbehaviour(counters);
    private final Protocols protocols = new Protocols();
    private final AddressBook book;
    private final Access access = new Access(System::nanoTime, this::closeDenied);
    private final Conduct conduct;
    private final DialBackoff backoff = new DialBackoff(System::nanoTime);
    private final Trimmer trimmer;
    private final InboundGate gate;
    private final MemoryBudget memory;
    private final Upgrader upgrader;
    private final Dialer dialer;
    private final ScheduledThreadPoolExecutor clock;
    private final List<Transport> transports = new CopyOnWriteArrayList<>();
    private final OwnAddresses own;
    private final Identification identification;
    private final List<HostListener> listeners = new CopyOnWriteArrayList<>();
    private final Map<PeerId, CompletableFuture<PeerConnection>> dials = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneLess = lock.newCondition();
    private final Map<PeerId, PeerConnection> live = new ConcurrentHashMap<>(); // the one in use for each peer
    private final Set<PeerConnection> all = ConcurrentHashMap.newKeySet(); // and those that are on their way out
    private final Set<Deadline> upgrading = ConcurrentHashMap.newKeySet(); // connections in their handshake
    private volatile List<Multiaddr> lastAddresses = List.of();
    private volatile boolean closed;

    private Swarm(Settings settings) throws IOException {
        this.settings = settings;
        self = settings.identity().peerId();
        book = settings.addressBook();
        own = new OwnAddresses(settings.identity(), settings.announce());
        gate = new InboundGate(settings.limits(), access);
        conduct = new Conduct(settings.limits().bans(), access, counters, System::nanoTime);
        trimmer = new Trimmer(settings.limits().waterMarks());
        memory = new MemoryBudget(settings.limits().memory().bytes());
        upgrader = new Upgrader(securities(settings), settings.limits(), memory, settings.privateNetwork());
        dialer = new Dialer(upgrader, this);
        clock = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("libp2p-clock").factory());
        clock.setRemoveOnCancelPolicy(true);
        identification = new Identification(this, settings.identity().publicKey(), settings.agent(), book, clock);
    }

    private static List<Security> securities(Settings settings) throws IOException {
        var muxers = settings.earlyMuxer() ? List.of(YamuxSession.PROTOCOL) : null;
        if (settings.securities().isEmpty()) {
            return List.of(new NoiseSecurity(new NoiseIdentity(settings.identity(), muxers)));
        }
        var result = new ArrayList<Security>();
        for (var factory : settings.securities()) {
            result.add(factory.create(settings.identity(), muxers));
        }
        return result;
    }

    /** Binds, serves ping and identify, and starts to accept. */
    public static Swarm start(Settings settings) throws IOException {
        var swarm = new Swarm(settings);
        try {
            swarm.transports.add(new TcpTransport(settings.limits().times().dial()));
            for (var factory : settings.transports()) {
                swarm.transports.add(
                        factory.create(new Transport.Setting(settings.identity(), settings.limits(), swarm.memory)));
            }
            swarm.serveOwnProtocols();
            for (var address : settings.listen()) {
                if (settings.privateNetwork() != null && address.has(Multiaddr.Protocol.UDP)) {
                    throw new IOException("listen: a private network runs over TCP only, found " + address);
                }
                swarm.listen(address);
            }
        } catch (IOException | RuntimeException e) {
            swarm.close();
            throw e;
        }
        swarm.lastAddresses = swarm.addresses();
        ScheduledFuture<?> _ = swarm.clock.scheduleWithFixedDelay(swarm::tick, 250, 250, TimeUnit.MILLISECONDS);
        ScheduledFuture<?> _ = swarm.clock.scheduleWithFixedDelay(swarm::lookAtAddresses, 5, 5, TimeUnit.SECONDS);
        return swarm;
    }

    private void listen(Multiaddr address) throws IOException {
        for (var transport : transports) {
            if (transport.listens(address)) {
                own.add(transport.listen(address, this::knock));
                return;
            }
        }
        throw new IOException(
                "listen: expected /ip4|ip6/<address>/tcp/<port> or an address of another transport that was"
                        + " added, found " + address);
    }

    private void serveOwnProtocols() {
        protocols.add(
                Ping.PROTOCOL,
                HandlerOptions.atMost(Ping.MAX_INBOUND).alsoRelayed(),
                (_, stream) -> Ping.serve(stream));
        identification.serve();
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

    @Override
    public Counters counters() {
        return counters;
    }

    @Override
    public void report(PeerId peer, Event event, String detail) {
        var connection = live.get(peer);
        if (connection != null) {
            misbehaved(connection, event, detail);
        } else {
            misbehaviour.hit(peer, null, event, detail);
        }
    }

    /** What a peer did whose identity is proved: counted, and held against it. */
    void misbehaved(PeerConnection connection, Event event, String detail) {
        misbehaviour.hit(connection.remote(), connection.remoteAddress(), event, detail);
        if (event.isMisbehaviour() && conduct.strike(connection.remote(), countedIp(connection.remoteAddress()))) {
            LOG.info("{} is banned for {}", connection, limits().bans().time());
        }
    }

    /** Bytes set aside for what was received on all streams and not read yet. */
    public long receivedAndUnread() {
        return memory.used();
    }

    DialBackoff backoff() {
        return backoff;
    }

    @Override
    public Access access() {
        return access;
    }

    private void closeDenied() {
        for (var connection : all) {
            if (!access.admits(connection.remote(), countedIp(connection.remoteAddress()))) {
                counters.count(Event.REFUSED_DENIED);
                connection.abort();
            }
        }
    }

    @Override
    public void protect(PeerId peer, String by) {
        trimmer.protect(peer, by);
    }

    @Override
    public void unprotect(PeerId peer, String by) {
        trimmer.unprotect(peer, by);
    }

    @Override
    public PeerId peerId() {
        return self;
    }

    // ---- own addresses ----

    @Override
    public List<Multiaddr> addresses() {
        return own.all();
    }

    @Override
    public List<Multiaddr> listening() {
        return own.listening();
    }

    @Override
    public void announce(String source, List<Multiaddr> addresses) {
        own.announce(source, addresses);
        lookAtAddresses();
    }

    @Override
    public SignedEnvelope signedRecord() {
        return own.record();
    }

    @Override
    public byte[] sign(byte[] message) {
        return settings.identity().sign(message);
    }

    @Override
    public AddressBook addressBook() {
        return book;
    }

    /** Interfaces of the machine come and go, and services announce. */
    private void lookAtAddresses() {
        try {
            List<Multiaddr> now;
            synchronized (own) {
                now = addresses();
                if (now.equals(lastAddresses)) {
                    return;
                }
                lastAddresses = now;
            }
            tell(l -> l.addressesChanged(now));
            identification.changed();
        } catch (RuntimeException e) {
            LOG.warn("looking at our own addresses failed", e);
        }
    }

    @Override
    public void addTransport(Transport transport) {
        transports.add(transport);
        if (closed) {
            close(transport);
        }
    }

    @Override
    public Transport.Acceptor acceptor() {
        return this::knock;
    }

    /** The transport that dials that address, or null. */
    @Nullable
    Transport transport(Multiaddr address) {
        for (var transport : transports) {
            if (transport.dials(address)) {
                return transport;
            }
        }
        return null;
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
        var reached = dialer.dial(peer, candidates(peer, addresses), limit);
        book.add(peer, List.of(reached.remoteAddress()), AddressBook.REACHED);
        return admit(reached, false);
    }

    /** Those that did not fail a moment ago; those that the caller named, if all did. */
    private List<Multiaddr> candidates(PeerId peer, List<Multiaddr> named) throws IOException {
        if (access.isDenied(peer)) {
            throw new IOException("dial " + peer + ": it is denied here");
        }
        var known = new ArrayList<>(named);
        known.addAll(book.addresses(peer));
        if (known.isEmpty()) {
            throw new IOException("dial " + peer + ": no address of it is known");
        }
        var due = backoff.due(peer, known);
        if (due.isEmpty() && named.isEmpty()) {
            throw new IOException(
                    "dial " + peer + ": all of its known addresses failed a moment ago, which are " + known);
        }
        return due.isEmpty() ? named : due;
    }

    @Override
    public Connection dialDirect(PeerId peer, List<Multiaddr> addresses, Duration limit, boolean asListener)
            throws IOException {
        if (peer.equals(self)) {
            throw new IOException("a host does not dial itself");
        }
        var reached = new DirectDial(this, upgrader, peer, asListener).dial(addresses, limit);
        if (reached.isEmpty()) {
            return Objects.requireNonNull(direct(peer)); // the other side's dial arrived first
        }
        book.add(peer, List.of(reached.get().remoteAddress()), AddressBook.REACHED);
        return admit(reached.get(), asListener);
    }

    /** The open connection to that peer that no relay carries, or null. */
    @Nullable
    PeerConnection direct(PeerId peer) {
        var connection = usable(peer);
        return connection != null && !connection.relayed() ? connection : null;
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
        if (connection.relayed()) {
            throw new IOException(peer + " is connected over a relay only, which does not carry " + protocol);
        }
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

    @Override
    public Duration ping(PeerId peer, Duration limit) throws IOException {
        try (var stream = connection(peer, List.of(), limit).open(limit, List.of(Ping.PROTOCOL))) {
            return Ping.roundTrip(stream, limit);
        }
    }

    @Override
    public Optional<PeerInfo> info(PeerId peer) {
        return identification.of(peer);
    }

    /** Whether a connected peer said that it serves that protocol. */
    boolean isServedBy(PeerId peer, String protocol) {
        return identification
                .of(peer)
                .map(info -> info.protocols().contains(protocol))
                .orElse(false);
    }

    // ---- listening ----

    private Optional<Transport.Arrival> knock(Multiaddr from) {
        var ip = countedIp(from);
        var refusal = closed ? Optional.of(Event.REFUSED_CONNECTIONS) : gate.knock(ip, System.nanoTime());
        if (refusal.isPresent()) {
            misbehaviour.hit(null, from, refusal.get(), "connection turned away");
            return Optional.empty();
        }
        return Optional.of(new Transport.Arrival() {
            @Override
            public void accept(Link link) {
                Thread.ofVirtual().name("libp2p-inbound-" + from).start(() -> inbound(link, ip));
            }

            @Override
            public void failed(IOException cause) {
                misbehaviour.failed(null, from, cause, Event.HANDSHAKE_FAILED);
                gate.settled(ip);
            }
        });
    }

    /** The address that limits go by; null over a relay, whose address is not the peer's. */
    private static @Nullable InetAddress countedIp(Multiaddr address) {
        return address.isRelayed() ? null : address.ip().orElse(null);
    }

    private void inbound(Link link, @Nullable InetAddress ip) {
        try {
            var session = switch (link) {
                case RawConnection raw -> upgrade(raw);
                case SecuredSession secured -> secured;
            };
            var _ = admit(session, true);
        } catch (IOException e) {
            misbehaviour.failed(null, link.remoteAddress(), e, Event.HANDSHAKE_FAILED);
            link.close();
        } catch (RuntimeException e) {
            LOG.error("an inbound connection from {} failed", link.remoteAddress(), e);
            link.close();
        } finally {
            gate.settled(ip);
        }
    }

    private SecuredSession upgrade(RawConnection raw) throws IOException {
        try (var deadline = deadline(raw, limits().times().upgrade())) {
            try {
                return upgrader.inbound(raw);
            } catch (IOException e) {
                throw deadline.explain(
                        e,
                        "the handshake did not end within " + limits().times().upgrade());
            }
        }
    }

    Deadline deadline(Link link, Duration limit) {
        return new Deadline(clock, link, limit, upgrading);
    }

    // ---- the connections ----

    /** Takes a secured connection into the swarm and returns the one to use for the peer, which may be another. */
    private PeerConnection admit(SecuredSession secured, boolean inbound) throws IOException {
        var ip = countedIp(secured.remoteAddress());
        if (settings.privateNetwork() != null && !(secured.session() instanceof YamuxSession)) {
            secured.close(); // its bytes did not go through the private network's cipher
            throw new IOException("a private network runs over TCP only, found " + secured.remoteAddress());
        }
        if (secured.remote().equals(self)) {
            secured.close();
            throw new IOException("a host does not connect to itself");
        }
        if (!access.admits(secured.remote(), ip)) {
            secured.close();
            counters.count(Event.REFUSED_DENIED);
            throw new IOException(secured.remote() + " is denied here");
        }
        if (!gate.opened(ip, inbound, System.nanoTime())) {
            secured.close();
            counters.count(Event.REFUSED_CONNECTIONS);
            throw new IOException("too many connections are open");
        }
        return register(new PeerConnection(this, secured, inbound), ip);
    }

    private PeerConnection register(PeerConnection fresh, @Nullable InetAddress ip) throws IOException {
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
        if (old != null) {
            closeSurplus(peer);
        }
        identification.ask(fresh);
        return old == null || useFresh ? fresh : old;
    }

    /**
     * Which of two connections to one peer stays. Two that were dialled at the same time from both sides: the one that the peer with the
     * smaller id dialled, so that both sides choose the same. Otherwise the newer, since the peer would not have made it over the older.
     * A direct one always stays before a relayed one.
     */
    private boolean prefers(PeerConnection fresh, PeerConnection old) {
        if (fresh.relayed() != old.relayed()) {
            return !fresh.relayed();
        }
        boolean atOnce = fresh.inbound() != old.inbound()
                && fresh.openedAt() - old.openedAt()
                        < limits().times().upgrade().toNanos();
        if (!atOnce) {
            return true;
        }
        boolean smaller = self.compareTo(fresh.remote()) < 0;
        return fresh.inbound() != smaller;
    }

    /** Of several connections with one peer the eldest go at once when there are too many. */
    private void closeSurplus(PeerId peer) {
        var inUse = live.get(peer);
        var others = all.stream()
                .filter(c -> c.remote().equals(peer) && c != inUse)
                .sorted(Comparator.comparingLong(PeerConnection::openedAt).reversed())
                .skip(limits().connections().openPerPeer() - 1)
                .toList();
        for (var surplus : others) {
            counters.count(Event.REFUSED_CONNECTIONS);
            surplus.close();
        }
    }

    boolean isOpen(PeerConnection connection) {
        return all.contains(connection);
    }

    List<PeerConnection> live() {
        return List.copyOf(live.values());
    }

    void closed(PeerConnection connection) {
        boolean last;
        lock.lock();
        try {
            if (!all.remove(connection)) {
                return;
            }
            last = live.remove(connection.remote(), connection);
            var other = last && all.size() > live.size() ? another(connection.remote()) : null;
            if (other != null) {
                live.put(connection.remote(), other);
                last = false;
            }
            if (last) {
                identification.forget(connection.remote());
            }
            oneLess.signalAll();
        } finally {
            lock.unlock();
        }
        gate.closed(countedIp(connection.remoteAddress()));
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

    void tell(Consumer<HostListener> news) {
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
        for (var surplus : trimmer.surplus(live.values(), now)) {
            counters.count(Event.TRIMMED);
            surplus.close();
        }
    }

    @Override
    public void handle(String protocol, StreamHandler handler) {
        handle(
                protocol,
                HandlerOptions.atMost(limits().inboundStreamsPerProtocol()),
                (_, stream) -> handler.handle(stream));
    }

    @Override
    public void handle(String protocol, HandlerOptions options, StreamHandler.WithConnection handler) {
        protocols.add(protocol, options, handler);
        identification.changed();
    }

    @Override
    public void unhandle(String protocol) {
        if (protocols.remove(protocol)) {
            identification.changed();
        }
    }

    @Override
    public Optional<Connection> connection(PeerId peer) {
        return Optional.ofNullable(usable(peer));
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
    public void removeListener(HostListener listener) {
        listeners.remove(listener);
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
        own.stopListening();
        upgrading.forEach(Deadline::pass);
        all.forEach(PeerConnection::close);
        awaitGoodbyes();
        all.forEach(PeerConnection::abort);
        clock.shutdownNow();
        transports.forEach(Swarm::close);
    }

    private static void close(Transport transport) {
        try {
            transport.close();
        } catch (RuntimeException e) {
            LOG.debug("closing a transport: {}", e.getMessage());
        }
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
