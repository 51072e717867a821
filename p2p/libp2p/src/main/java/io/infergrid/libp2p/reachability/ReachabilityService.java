package io.infergrid.libp2p.reachability;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.PublicAddresses;
import io.infergrid.libp2p.autonat.AutonatClient;
import io.infergrid.libp2p.autonat.AutonatLimits;
import io.infergrid.libp2p.autonat.AutonatServer;
import io.infergrid.libp2p.holepunch.HolePunching;
import io.infergrid.libp2p.portmap.PortMapper;
import io.infergrid.libp2p.relay.RelayClient;
import io.infergrid.libp2p.relay.RelayLimits;
import io.infergrid.libp2p.relay.RelayServer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs everything by which others reach a host: asks peers to dial it back (AutoNAT) and does so for them, has the router forward its
 * port, holds slots at relays while it is private and relays for others while it is public, and punches holes. What it learns goes
 * through {@link Reachability}; what that says decides what runs.
 */
public final class ReachabilityService implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ReachabilityService.class);
    private static final Duration ASK_LIMIT = Duration.ofSeconds(30);
    private static final Duration RELAY_LIMIT = Duration.ofSeconds(10);
    private static final Duration PROBE_LIMIT = Duration.ofSeconds(3);
    private static final Duration RETRY = Duration.ofMinutes(1);
    private static final Duration REASSURE = Duration.ofMinutes(15);
    private static final int MAX_OBSERVED = 64;

    private final Host host;
    private final Settings settings;
    private final Clock clock;
    private final AutonatClient autonat;
    private final AutonatServer autonatServer;
    private final RelayClient relays;
    private final HolePunching punching;
    private final @Nullable PortMapper mapper;
    private @Nullable RelayServer relaying;
    private final List<Consumer<Reachability>> listeners = new CopyOnWriteArrayList<>();
    private final Map<Multiaddr, Set<PeerId>> observed = new LinkedHashMap<>(); // guarded by itself
    private final Map<Multiaddr, Map<PeerId, Instant>> asked = new ConcurrentHashMap<>();
    private final Set<PeerId> wanted = ConcurrentHashMap.newKeySet(); // relays at which a slot is kept in any case
    private final Map<PeerId, Instant> relayTried = new ConcurrentHashMap<>();
    private final ScheduledExecutorService time = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("libp2p-reachability").factory());
    private final AtomicBoolean mapping = new AtomicBoolean();
    private final AtomicBoolean asking = new AtomicBoolean();
    private final AtomicBoolean taking = new AtomicBoolean();
    private volatile Reachability state = Reachability.start();
    private volatile Set<Multiaddr> machine = Set.of();
    private volatile boolean closed;

    /**
     * What is to run.
     *
     * @param portMapping whether to ask the router to forward the port listened on
     * @param relayClient whether to hold slots at relays while private
     * @param relayServer whether to relay for others while public
     * @param slots how many slots to hold
     * @param knownRelays relays to try first, each ending in {@code /p2p/<id>}
     * @param privateAddresses whether private addresses count as the internet, for tests
     * @param period how often to look what is due
     */
    public record Settings(
            boolean portMapping,
            boolean relayClient,
            boolean relayServer,
            int slots,
            List<Multiaddr> knownRelays,
            RelayLimits relayLimits,
            AutonatLimits autonatLimits,
            boolean privateAddresses,
            Duration period) {

        /** All of it, as for a rig in the open grid. */
        public static final Settings DEFAULT = new Settings(
                true,
                true,
                true,
                2,
                List.of(),
                RelayLimits.DEFAULT,
                AutonatLimits.DEFAULT,
                false,
                Duration.ofSeconds(2));

        public Settings {
            knownRelays = List.copyOf(knownRelays);
        }

        public Settings withPortMapping(boolean on) {
            return new Settings(
                    on,
                    relayClient,
                    relayServer,
                    slots,
                    knownRelays,
                    relayLimits,
                    autonatLimits,
                    privateAddresses,
                    period);
        }

        public Settings withRelays(boolean client, boolean server) {
            return new Settings(
                    portMapping,
                    client,
                    server,
                    slots,
                    knownRelays,
                    relayLimits,
                    autonatLimits,
                    privateAddresses,
                    period);
        }

        /** Every address counts, and what is due is looked for ten times as often: for tests on one machine. */
        public Settings forTests() {
            return new Settings(
                    portMapping,
                    relayClient,
                    relayServer,
                    slots,
                    knownRelays,
                    relayLimits,
                    autonatLimits.withPrivateAddresses(),
                    true,
                    period.dividedBy(10));
        }
    }

    /** Runs nothing yet. */
    public ReachabilityService(Host host, Settings settings, Clock clock, RandomGenerator random) {
        this.host = host;
        this.settings = settings;
        this.clock = clock;
        autonat = new AutonatClient(host, random, settings.autonatLimits());
        autonatServer = new AutonatServer(host, HostBuilder::new, settings.autonatLimits(), clock, random);
        relays = new RelayClient(host, clock);
        punching = new HolePunching(host, this::seenFromOutside, this::counts);
        mapper = settings.portMapping()
                ? tcpPort().map(p -> PortMapper.tcp(p, random)).orElse(null)
                : null;
    }

    private Optional<Integer> tcpPort() {
        return host.listening().stream()
                .flatMap(a -> a.value(Multiaddr.Protocol.TCP).stream())
                .map(Integer::parseInt)
                .findFirst();
    }

    /** Begins. */
    public ReachabilityService start() {
        machine = ownMachine();
        host.addListener(events);
        autonat.start();
        autonatServer.start();
        relays.start();
        punching.start();
        if (mapper != null) {
            learn(new Signal.Mapped(new Mapping.Asking()));
        }
        long period = settings.period().toMillis();
        ScheduledFuture<?> _ = time.scheduleWithFixedDelay(this::look, 0, period, TimeUnit.MILLISECONDS);
        return this;
    }

    /** What is known now. */
    public Reachability state() {
        return state;
    }

    /** The slots that we hold at relays. */
    public List<RelayClient.Slot> slots() {
        return relays.slots();
    }

    /**
     * Takes a slot at that relay and keeps it, whatever the reachability is; blocks.
     *
     * @throws IOException if it cannot be reached or would not
     */
    public RelayClient.Slot reserve(PeerId relay, List<Multiaddr> addresses) throws IOException {
        wanted.add(relay);
        return relays.reserve(relay, addresses, RELAY_LIMIT);
    }

    /** Is told of every change, on a thread of this service; must return soon. Told what is known at once. */
    public void addListener(Consumer<Reachability> listener) {
        listeners.add(listener);
        listener.accept(state);
    }

    // ---- what is learnt ----

    private final HostListener events = new HostListener() {
        @Override
        public void observed(Connection connection, Multiaddr ours) {
            if (!connection.relayed() && !ours.isRelayed() && counts(ours)) {
                noteObserved(ours.withoutPeer(), connection.remote());
            }
        }

        @Override
        public void identified(Connection connection, PeerInfo info) {
            soon();
        }

        @Override
        public void disconnected(Connection connection) {
            soon();
        }

        @Override
        public void addressesChanged(List<Multiaddr> ours) {
            soon();
        }
    };

    private void noteObserved(Multiaddr address, PeerId by) {
        synchronized (observed) {
            var peers = observed.remove(address); // the latest is the last to go
            var known = peers == null ? new LinkedHashSet<PeerId>() : peers;
            if (known.size() < MAX_OBSERVED) {
                known.add(by);
            }
            observed.put(address, known);
            if (observed.size() > MAX_OBSERVED) {
                observed.remove(observed.keySet().iterator().next());
            }
        }
        soon();
    }

    private synchronized void learn(Signal signal) {
        var before = state;
        state = before.after(signal);
        if (!state.equals(before)) {
            if (state.state() != before.state()) {
                LOG.info("reachability: {}", state.advice());
            }
            for (var listener : listeners) {
                try {
                    listener.accept(state);
                } catch (RuntimeException e) {
                    LOG.warn("a listener of the reachability failed", e);
                }
            }
        }
    }

    /** Addresses that the internet might dial: public ones of this machine, what the router opened, what peers see. */
    private Set<Multiaddr> candidates() {
        var found = new LinkedHashSet<Multiaddr>();
        machine.stream().filter(this::counts).forEach(found::add);
        if (mapper != null) {
            mapper.result().external().ifPresent(found::add);
        }
        synchronized (observed) {
            observed.forEach((address, peers) -> {
                host.listening().forEach(l -> atPortOf(l, address).ifPresent(found::add));
                if (peers.size() > 1) {
                    found.add(address); // not by chance: a NAT that maps our port the same way for all
                }
            });
        }
        return found;
    }

    /** The observed host with the port that we listen on, as one that was forwarded by hand has. */
    private static Optional<Multiaddr> atPortOf(Multiaddr listening, Multiaddr observed) {
        var first = observed.components().getFirst();
        if (listening.components().getFirst().protocol() != first.protocol()) {
            return Optional.empty();
        }
        var text = listening.toString();
        var rest = text.substring(text.indexOf('/', text.indexOf('/', 1) + 1));
        return Optional.of(Multiaddr.parse("/" + first.protocol() + "/" + first.value() + rest));
    }

    private boolean counts(Multiaddr address) {
        return settings.privateAddresses() || PublicAddresses.isPublic(address);
    }

    /** For hole punching, where a guess costs nothing. */
    private List<Multiaddr> seenFromOutside() {
        var all = new LinkedHashSet<>(state.open());
        synchronized (observed) {
            all.addAll(new ArrayList<>(observed.keySet()).reversed());
        }
        all.addAll(candidates());
        return List.copyOf(all);
    }

    // ---- what is due ----

    private void soon() {
        if (!closed) {
            time.execute(this::look);
        }
    }

    /** Looks what is due and hands it to threads that may wait; returns at once. */
    private void look() {
        try {
            lookAtMachine();
            learn(new Signal.Tick(clock.instant()));
            learn(new Signal.Candidates(candidates()));
            once(mapping, "portmap", this::mapPort);
            once(asking, "autonat", this::ask);
            once(taking, "relays", this::takeSlots);
            learn(new Signal.Relays(addressesOverRelays()));
            serveAsRelay(state.mayServe() && settings.relayServer());
        } catch (RuntimeException e) {
            LOG.warn("looking after the reachability failed", e);
        }
    }

    private void once(AtomicBoolean running, String name, Runnable task) {
        if (closed || !running.compareAndSet(false, true)) {
            return;
        }
        Thread.ofVirtual().name("libp2p-reachability-" + name).start(() -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.warn("{} failed", name, e);
            } finally {
                running.set(false);
            }
        });
    }

    private Set<Multiaddr> ownMachine() {
        var found = new LinkedHashSet<Multiaddr>();
        for (var address : host.addresses()) {
            if (!address.isRelayed() && address.ip().isPresent()) {
                found.add(address.withoutPeer());
            }
        }
        return found;
    }

    /** A laptop that moved to another network, a line that got another address. */
    private void lookAtMachine() {
        var now = ownMachine();
        var before = machine;
        if (now.equals(before)) {
            return;
        }
        machine = now;
        if (now.containsAll(before)) {
            return; // one more interface takes nothing away
        }
        LOG.info("the addresses of this machine changed");
        synchronized (observed) {
            observed.clear();
        }
        learn(new Signal.NetworkChanged());
        asked.clear();
        relayTried.clear();
        if (mapper != null) {
            mapper.networkChanged();
        }
        for (var connection : host.connections()) {
            Thread.ofVirtual().name("libp2p-probe").start(() -> probe(connection));
        }
    }

    /** Connections from an address that is gone are dead, and nobody would notice before the keep-alive does. */
    private void probe(Connection connection) {
        try {
            Duration _ = host.ping(connection.remote(), PROBE_LIMIT);
        } catch (IOException e) {
            LOG.debug("{} did not survive the change of address: {}", connection, e.getMessage());
            connection.close();
        }
    }

    private void mapPort() {
        var router = mapper;
        if (router == null) {
            return;
        }
        var result = router.tick(clock.instant());
        learn(new Signal.Mapped(result.external()
                .<Mapping>map(Mapping.Open::new)
                .orElseGet(() -> new Mapping.Refused(result.words()))));
        host.announce("portmap", result.external().stream().toList());
    }

    // ---- AutoNAT ----

    private void ask() {
        var now = clock.instant();
        asked.keySet().retainAll(candidates());
        for (var address : candidates()) {
            for (var connection : host.connections()) {
                if (!closed && isDue(address, connection, now)) {
                    ask(address, connection, now);
                }
            }
        }
        host.announce("autonat", state.open());
    }

    private boolean isDue(Multiaddr address, Connection connection, Instant now) {
        var verdict = state.verdict(address);
        boolean serves = !connection.relayed()
                && host.info(connection.remote())
                        .filter(info -> info.protocols().contains(AutonatClient.DIAL_REQUEST))
                        .isPresent();
        if (!serves || verdict.isEmpty()) {
            return false;
        }
        var times = asked.getOrDefault(address, Map.of());
        var last = times.values().stream().max(Instant::compareTo).orElse(Instant.MIN);
        return verdict.get() == Reachability.Verdict.UNTRIED
                ? !times.getOrDefault(connection.remote(), Instant.MIN)
                        .plus(RETRY)
                        .isAfter(now)
                : !last.plus(REASSURE).isAfter(now);
    }

    private void ask(Multiaddr address, Connection connection, Instant now) {
        asked.computeIfAbsent(address, _ -> new ConcurrentHashMap<>()).put(connection.remote(), now);
        try {
            var found = autonat.ask(connection, List.of(address), ASK_LIMIT);
            switch (found.verdict()) {
                case REACHED -> learn(new Signal.Reached(address, connection.remote(), clock.instant()));
                case NOT_REACHED -> learn(new Signal.NotReached(address, connection.remote(), clock.instant()));
                case NO_ANSWER -> LOG.debug("{} does not tell whether it reaches {}", connection.remote(), address);
            }
        } catch (IOException e) {
            LOG.debug("{} does not tell whether it reaches {}: {}", connection.remote(), address, e.getMessage());
        }
    }

    // ---- relays ----

    private void takeSlots() {
        var now = clock.instant();
        relays.tick(now);
        if (!settings.relayClient() || !state.wantsRelays()) {
            relays.slots().stream()
                    .map(RelayClient.Slot::relay)
                    .filter(relay -> !wanted.contains(relay))
                    .forEach(relays::release);
        } else {
            for (var relay : possibleRelays()) {
                if (closed || relays.slots().size() >= settings.slots()) {
                    break;
                }
                take(relay, now);
            }
        }
        learn(new Signal.Relays(addressesOverRelays()));
    }

    /** Those that were named, then connected peers that serve; each with what is known of its address. */
    private Map<PeerId, List<Multiaddr>> relaysByPeer() {
        var found = new LinkedHashMap<PeerId, List<Multiaddr>>();
        for (var address : settings.knownRelays()) {
            address.peer()
                    .ifPresent(peer ->
                            found.computeIfAbsent(peer, _ -> new ArrayList<>()).add(address));
        }
        for (var connection : host.connections()) {
            boolean serves = !connection.relayed()
                    && host.info(connection.remote())
                            .filter(info -> info.protocols().contains(RelayClient.HOP))
                            .isPresent();
            if (serves) {
                found.putIfAbsent(connection.remote(), List.of());
            }
        }
        return found;
    }

    private List<Map.Entry<PeerId, List<Multiaddr>>> possibleRelays() {
        var held = relays.slots().stream().map(RelayClient.Slot::relay).toList();
        return relaysByPeer().entrySet().stream()
                .filter(e -> !held.contains(e.getKey()))
                .toList();
    }

    private void take(Map.Entry<PeerId, List<Multiaddr>> relay, Instant now) {
        var last = relayTried.put(relay.getKey(), now);
        if (last != null && last.plus(RETRY).isAfter(now)) {
            relayTried.put(relay.getKey(), last);
            return;
        }
        try {
            var slot = relays.reserve(relay.getKey(), relay.getValue(), RELAY_LIMIT);
            relayTried.remove(relay.getKey()); // should it go, it may be asked again at once
            LOG.info("reached through relay {} until {}", slot.relay(), slot.expires());
        } catch (IOException e) {
            LOG.debug("no slot at relay {}: {}", relay.getKey(), e.getMessage());
        }
    }

    private Set<Multiaddr> addressesOverRelays() {
        var found = new LinkedHashSet<Multiaddr>();
        relays.slots().forEach(slot -> found.addAll(slot.addresses()));
        return found;
    }

    private void serveAsRelay(boolean on) {
        if (on && relaying == null) {
            relaying = new RelayServer(host, settings.relayLimits(), clock).start();
            LOG.info("others can dial this host, so it relays for those that nobody can");
        } else if (!on && relaying != null) {
            relaying.close();
            relaying = null;
        }
    }

    /** Ends everything, and takes the forwarding of the port back; some seconds at most. Before the host is closed. */
    @Override
    public void close() {
        closed = true;
        time.shutdownNow();
        host.removeListener(events);
        punching.close();
        relays.close();
        autonatServer.close();
        autonat.close();
        if (relaying != null) {
            relaying.close();
        }
        if (mapper != null) {
            mapper.close();
        }
    }
}
