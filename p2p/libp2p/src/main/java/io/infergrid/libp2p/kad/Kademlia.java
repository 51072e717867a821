package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.kad.KadMessage.Type;
import io.infergrid.libp2p.kad.RecordNamespace.Verdict;
import io.infergrid.libp2p.reachability.ReachabilityService;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node of the DHT on a host. As a client it asks and is asked nothing; as a server, which only a node that strangers can reach
 * should be, it also answers and keeps records for others; {@link #mode} changes from one to the other at any time.
 *
 * <p>Blocking calls run a lookup: the calling thread leads it and one virtual thread asks each peer. One virtual thread keeps house:
 * it joins, looks around, publishes again what this node provides or put, and drops what expired. Thread-safe.
 */
public final class Kademlia implements AutoCloseable {

    /** Whether others are answered. */
    public enum Mode {
        CLIENT,
        SERVER
    }

    private static final Logger LOG = LoggerFactory.getLogger(Kademlia.class);
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final Duration BAN = Duration.ofHours(1);
    private static final int MAX_BANS = 4096;
    private static final Duration REJOIN = Duration.ofSeconds(15);
    /** After which a key is published again that nobody took. */
    private static final Duration RETRY = Duration.ofMinutes(1);

    /** Buckets beyond hold few peers, and no key that falls into them can be drawn quickly. */
    private static final int MAX_REFRESHED_BUCKETS = 15;

    private static final int WALKED_EACH = 6;
    private static final int PUBLISHERS = 8;
    private static final int EVICTION_PINGS = 16;
    private static final int MAX_OWN_VALUES = 1024;
    /** So many peers must have named providers before a lookup stops early: one liar's list is not the last word. */
    private static final int WITNESSES = 3;

    private final Host host;
    private final KadSettings settings;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final KadKey self;
    private final RoutingTable table;
    private final ProviderStore providers;
    private final ValueStore values;
    private final Namespaces namespaces;
    private final ProvidedKeys remembered;
    private final Answers answers;
    private final HostListener listener = new Arrivals();
    private final Semaphore outbound;
    private final Semaphore evictions = new Semaphore(EVICTION_PINGS);
    private final Semaphore publishers = new Semaphore(PUBLISHERS);
    private final Map<PeerId, Pace> paces = new ConcurrentHashMap<>();
    private volatile Mode mode = Mode.CLIENT;

    /** When it was published last, the beginning of time if never. Guarded by itself. */
    private final Map<Multihash, Instant> provided = new LinkedHashMap<>();

    /** Guarded by itself. */
    private final Map<ByteBuffer, OwnValue> ownValues = new LinkedHashMap<>();

    /** Until when. Guarded by itself. */
    private final Map<PeerId, Instant> banned = new LinkedHashMap<>();

    private final Set<Object> publishing = ConcurrentHashMap.newKeySet();
    private final Object house = new Object();
    private boolean poked; // guarded by house
    private final ReentrantLock ticking = new ReentrantLock();
    private volatile boolean closed;
    private Instant lastSweep = Instant.MIN;
    private Instant lastRefresh = Instant.MIN;
    private Instant lastJoin = Instant.MIN;
    private int refreshes;
    private @Nullable Thread housekeeper;

    private record OwnValue(byte[] value, Instant published) {}

    private Kademlia(
            Host host, KadSettings settings, ProvidedKeys remembered, InstantSource clock, RandomGenerator random) {
        this.host = host;
        this.settings = settings;
        this.remembered = remembered;
        this.clock = clock;
        this.random = random;
        self = KadKey.of(host.peerId());
        table = new RoutingTable(self, settings.shape().k(), settings.diversity(), settings.refresh(), clock);
        providers = new ProviderStore(settings.limits().stores(), clock);
        values = new ValueStore(settings.limits().stores(), clock);
        namespaces = new Namespaces(settings.namespaces());
        outbound = new Semaphore(settings.limits().outbound());
        answers = new Answers(host, settings.shape().k(), table, providers, values, namespaces, this::provides, clock);
        remembered.load().forEach(key -> provided.put(key, Instant.MIN));
    }

    /**
     * Takes part in the DHT, and joins it in the background.
     *
     * @param remembered what is provided from one run to the next
     * @param random draws the keys that are looked for to look around
     */
    public static Kademlia start(
            Host host, KadSettings settings, ProvidedKeys remembered, InstantSource clock, RandomGenerator random) {
        var kad = new Kademlia(host, settings, remembered, clock, random);
        host.addListener(kad.listener);
        for (var connection : host.connections()) {
            host.info(connection.remote()).ifPresent(info -> kad.listener.identified(connection, info));
        }
        kad.mode(settings.mode());
        kad.housekeeper = Thread.ofVirtual().name("kad-house").start(kad::keepHouse);
        return kad;
    }

    // ---- what it is

    public Mode mode() {
        return mode;
    }

    /** Begins or ceases to answer others; connected peers hear of it by identify push. */
    public synchronized void mode(Mode other) {
        if (mode == other || closed) {
            return;
        }
        mode = other;
        if (other == Mode.SERVER) {
            var options = HandlerOptions.atMost(settings.limits().inboundStreams());
            host.handle(settings.protocol(), options, this::serve);
        } else {
            host.unhandle(settings.protocol());
        }
    }

    /** Answers others while strangers can reach this host, and not otherwise. */
    public void follow(ReachabilityService reachability) {
        reachability.addListener(now -> mode(now.mayServe() ? Mode.SERVER : Mode.CLIENT));
    }

    /** Peers in the routing table. */
    public List<Contact> peers() {
        return table.contacts();
    }

    /** Records of others that are kept here: providers and values. */
    public int records() {
        return providers.size() + values.size();
    }

    // ---- finding and publishing

    /** The peers nearest to a key that answered, nearest first. Blocks. */
    public List<Contact> closest(byte[] key, Duration limit) throws InterruptedException {
        return walk(KadKey.of(key), limit, contact -> findNode(contact, key), () -> false)
                .closest();
    }

    private List<Contact> keepers(byte[] key, Duration limit) throws InterruptedException {
        return walk(KadKey.of(key), limit, contact -> findNode(contact, key), () -> false)
                .keepers();
    }

    /**
     * Looks for a peer and connects to it, which proves that it is the one. Blocks.
     *
     * @return where it is, empty if it was not found within {@code limit}
     */
    public Optional<Contact> findPeer(PeerId peer, Duration limit) throws InterruptedException {
        var connected = host.connection(peer);
        if (connected.isPresent()) {
            return Optional.of(reached(connected.get(), List.of()));
        }
        long deadline = System.nanoTime() + limit.toNanos();
        var found = new AtomicReference<@Nullable Contact>();
        var tried = ConcurrentHashMap.<Multiaddr>newKeySet();
        walk(
                KadKey.of(peer),
                limit,
                contact -> {
                    var named = contact.peer().equals(peer) ? List.of(contact) : findNode(contact, peer.bytes());
                    named.stream()
                            .filter(c -> c.peer().equals(peer))
                            .findFirst()
                            .flatMap(c -> prove(c, tried, deadline))
                            .ifPresent(found::set);
                    return named;
                },
                () -> found.get() != null);
        return Optional.ofNullable(found.get());
    }

    private Optional<Contact> prove(Contact named, Set<Multiaddr> tried, long deadline) {
        var addresses = named.addresses().stream().filter(tried::add).toList();
        if (addresses.isEmpty()) {
            return Optional.empty();
        }
        try {
            var left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
            return Optional.of(reached(host.connect(named.peer(), addresses, shorter(left)), addresses));
        } catch (IOException e) {
            LOG.debug("{} is not where it was said to be: {}", named.peer(), e.getMessage());
            return Optional.empty();
        }
    }

    private Contact reached(Connection connection, List<Multiaddr> others) {
        var addresses = new LinkedHashSet<Multiaddr>();
        if (!connection.inbound()) {
            addresses.add(connection.remoteAddress().withoutPeer());
        }
        host.info(connection.remote()).ifPresent(info -> addresses.addAll(info.addresses()));
        addresses.addAll(others);
        return new Contact(connection.remote(), List.copyOf(addresses));
    }

    /** This node provides {@code key} from now on: says so to the peers nearest to it, now and again in time. Returns at once. */
    public void provide(Multihash key) {
        synchronized (provided) {
            if (provided.putIfAbsent(key, Instant.MIN) != null) {
                return;
            }
        }
        remembered.add(key);
        poke();
    }

    /** Provides {@code key} no longer. What was said before is believed until it expires. */
    public void withdraw(Multihash key) {
        synchronized (provided) {
            if (provided.remove(key) == null) {
                return;
            }
        }
        remembered.remove(key);
    }

    private boolean provides(byte[] key) {
        try {
            var hash = Multihash.decode(key);
            synchronized (provided) {
                return provided.containsKey(hash);
            }
        } catch (DecodeException e) {
            return false; // of a kind that nobody here provides
        }
    }

    /** Says once to the peers nearest to {@code key} that this node provides it; returns how many were told. Blocks. */
    public int announce(Multihash key, Duration limit) throws InterruptedException {
        var bytes = key.encode();
        var message = KadMessage.of(Type.ADD_PROVIDER, bytes).withProviders(List.of(answers.self()));
        long deadline = System.nanoTime() + limit.toNanos();
        return each(keepers(bytes, limit), deadline, contact -> {
            tell(contact, message);
            return true;
        });
    }

    /**
     * Looks for providers of {@code key}, without this node. Blocks.
     *
     * @param most as many are enough
     * @return those that most peers named first; what they say is not proved
     */
    public List<Contact> findProviders(Multihash key, int most, Duration limit) throws InterruptedException {
        var bytes = key.encode();
        var found = new LinkedHashMap<PeerId, Contact>();
        var votes = new HashMap<PeerId, Integer>();
        var witnesses = new AtomicInteger();
        name(providers.of(bytes), found, votes, most);
        walk(
                KadKey.of(bytes),
                limit,
                contact -> {
                    var answer = ask(contact, KadMessage.of(Type.GET_PROVIDERS, bytes));
                    if (!answer.message().providers().isEmpty()) {
                        witnesses.incrementAndGet();
                    }
                    name(answer.believed(answer.message().providers()), found, votes, most);
                    return answer.believed(answer.message().closer());
                },
                () -> {
                    synchronized (found) {
                        return found.size() >= most && witnesses.get() >= WITNESSES;
                    }
                });
        synchronized (found) {
            return found.values().stream()
                    .sorted((x, y) -> Integer.compare(votes.getOrDefault(y.peer(), 0), votes.getOrDefault(x.peer(), 0)))
                    .limit(most)
                    .toList();
        }
    }

    private void name(List<Contact> named, Map<PeerId, Contact> found, Map<PeerId, Integer> votes, int most) {
        synchronized (found) {
            for (var contact : named) {
                boolean room = found.size() < Math.max(most, WITNESSES * KadMessage.MAX_PEERS);
                if (!contact.peer().equals(host.peerId()) && (room || found.containsKey(contact.peer()))) {
                    found.putIfAbsent(contact.peer(), contact);
                    votes.merge(contact.peer(), 1, Integer::sum);
                }
            }
        }
    }

    /**
     * Puts a record to the peers nearest to its key, now and again in time as long as this node runs. Blocks.
     *
     * @return how many took it
     * @throws IllegalArgumentException if the record is not valid here
     * @throws IOException if nobody took it
     */
    public int put(byte[] key, byte[] value, Duration limit) throws IOException, InterruptedException {
        if (namespaces.check(key, value, clock.instant()) != Verdict.ACCEPT) {
            throw new IllegalArgumentException(
                    "expected a record that is valid in its namespace, found one that is not");
        }
        synchronized (ownValues) {
            if (ownValues.size() >= MAX_OWN_VALUES && !ownValues.containsKey(ByteBuffer.wrap(key))) {
                throw new IOException("expected at most " + MAX_OWN_VALUES + " records of this node, found another");
            }
            ownValues.put(ByteBuffer.wrap(key.clone()), new OwnValue(value.clone(), clock.instant()));
        }
        values.put(key, value, host.peerId());
        int taken = spread(key, value, limit);
        if (taken == 0) {
            throw new IOException("no peer took the record");
        }
        return taken;
    }

    private int spread(byte[] key, byte[] value, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        var message = KadMessage.of(Type.PUT_VALUE, key).withRecord(value);
        return each(keepers(key, limit), deadline, contact -> {
            var back = ask(contact, message).message().record();
            return back.isPresent() && Arrays.equals(back.get().value(), value);
        });
    }

    /**
     * Looks for the best valid record of a key, and hands it to those that had none or an older one. Blocks.
     *
     * @return empty if none was found within {@code limit}
     */
    public Optional<byte[]> get(byte[] key, Duration limit) throws InterruptedException {
        var namespace = namespaces.of(key);
        if (namespace == null) {
            throw new IllegalArgumentException("expected a key of a known namespace, /<namespace>/..., found another");
        }
        var best = new Best(namespace, key);
        values.get(key).ifPresent(best::offer);
        var had = new ConcurrentHashMap<Contact, byte[]>();
        var none = new byte[0];
        walk(
                KadKey.of(key),
                limit,
                contact -> {
                    var answer = ask(contact, KadMessage.of(Type.GET_VALUE, key));
                    var record = answer.message().record().filter(r -> r.value().length > 0);
                    if (record.isPresent()) {
                        check(contact.peer(), key, record.get(), best);
                    }
                    had.put(contact, record.map(KadMessage.StoredValue::value).orElse(none));
                    return answer.believed(answer.message().closer());
                },
                () -> had.values().stream().filter(v -> v.length > 0).count() >= settings.quorum());
        var value = best.value();
        value.ifPresent(found -> correct(key, found, had));
        return value;
    }

    private void check(PeerId from, byte[] key, KadMessage.StoredValue record, Best best) throws ProtocolViolation {
        var verdict = Arrays.equals(key, record.key())
                ? namespaces.check(key, record.value(), clock.instant())
                : Verdict.REJECT;
        switch (verdict) {
            case ACCEPT -> best.offer(record.value());
            case IGNORE -> LOG.debug("{} keeps a record that expired", from);
            case REJECT -> {
                var violation =
                        new ProtocolViolation(Event.KAD_POISONED, "kad: expected a valid record, found a false one");
                punish(from, violation.event(), violation);
                throw violation;
            }
        }
    }

    /** The best record so far. Thread-safe. */
    private final class Best {
        private final RecordNamespace namespace;
        private final byte[] key;
        private byte @Nullable [] value;

        Best(RecordNamespace namespace, byte[] key) {
            this.namespace = namespace;
            this.key = key;
        }

        synchronized void offer(byte[] candidate) {
            if (namespaces.check(key, candidate, clock.instant()) == Verdict.ACCEPT
                    && (value == null || namespace.prefers(key, candidate, value))) {
                value = candidate;
            }
        }

        synchronized Optional<byte[]> value() {
            return Optional.ofNullable(value);
        }
    }

    private void correct(byte[] key, byte[] best, Map<Contact, byte[]> had) {
        var target = KadKey.of(key);
        var message = KadMessage.of(Type.PUT_VALUE, key).withRecord(best);
        had.entrySet().stream()
                .filter(e -> !Arrays.equals(e.getValue(), best))
                .map(Map.Entry::getKey)
                .sorted((x, y) -> target.compareDistance(x.key(), y.key()))
                .limit(settings.quorum())
                .forEach(contact -> Thread.ofVirtual().name("kad-correct").start(() -> {
                    try {
                        ask(contact, message);
                    } catch (IOException e) {
                        LOG.debug("{} does not take a better record: {}", contact.peer(), e.getMessage());
                    }
                }));
    }

    // ---- lookups

    private interface Step {
        List<Contact> ask(Contact contact) throws IOException;
    }

    private record Outcome(Contact contact, @Nullable List<Contact> closer) {}

    private record Asked(Contact contact, long at) {}

    private Lookup walk(KadKey target, Duration limit, Step step, BooleanSupplier enough) throws InterruptedException {
        return walk(target, table.closest(target, settings.shape().k()), limit, step, enough);
    }

    /** Leads a lookup to its end, to its limit, or until it found enough. */
    private Lookup walk(KadKey target, List<Contact> seeds, Duration limit, Step step, BooleanSupplier enough)
            throws InterruptedException {
        long patience = settings.limits().patience().toNanos();
        long deadline = System.nanoTime() + longest(limit).toNanos();
        var lookup = new Lookup(target, host.peerId(), seeds, settings.shape());
        var outcomes = new LinkedBlockingQueue<Outcome>();
        var waiting = new ArrayDeque<Asked>();
        while (!closed) {
            for (var contact : lookup.ask()) {
                waiting.add(new Asked(contact, System.nanoTime()));
                Thread.ofVirtual().name("kad-ask").start(() -> outcomes.add(outcome(contact, step)));
            }
            long now = System.nanoTime();
            if (lookup.done() || now >= deadline) {
                break;
            }
            long wait = deadline - now;
            if (!waiting.isEmpty()) {
                wait = Math.min(wait, waiting.getFirst().at() + patience - now);
            }
            var outcome = outcomes.poll(Math.max(0, wait), TimeUnit.NANOSECONDS);
            if (outcome == null) {
                if (!waiting.isEmpty() && System.nanoTime() - waiting.getFirst().at() >= patience) {
                    lookup.slow(waiting.removeFirst().contact());
                }
            } else if (outcome.closer() == null) {
                lookup.failed(outcome.contact());
            } else {
                lookup.answered(outcome.contact(), outcome.closer());
                if (enough.getAsBoolean()) {
                    lookup.stop();
                }
            }
        }
        return lookup;
    }

    private Outcome outcome(Contact contact, Step step) {
        try {
            return new Outcome(
                    contact, step.ask(contact).stream().filter(this::mayBeAsked).toList());
        } catch (IOException e) {
            LOG.debug("{} did not answer: {}", contact.peer(), e.getMessage());
            return new Outcome(contact, null);
        } catch (RuntimeException e) {
            LOG.error("asking {} failed", contact.peer(), e);
            return new Outcome(contact, null);
        }
    }

    private boolean mayBeAsked(Contact contact) {
        return !isBanned(contact.peer())
                && (!contact.addresses().isEmpty()
                        || host.connection(contact.peer()).isPresent());
    }

    private List<Contact> findNode(Contact contact, byte[] key) throws IOException {
        var answer = ask(contact, KadMessage.of(Type.FIND_NODE, key));
        return answer.believed(answer.message().closer());
    }

    private interface Delivery {
        boolean done(Contact contact) throws IOException;
    }

    /** Does something with each of them at once; returns with how many it was done before the deadline. */
    private int each(List<Contact> contacts, long deadline, Delivery delivery) throws InterruptedException {
        var outcomes = new LinkedBlockingQueue<Boolean>();
        for (var contact : contacts) {
            Thread.ofVirtual().name("kad-tell").start(() -> {
                try {
                    outcomes.add(delivery.done(contact));
                } catch (IOException e) {
                    LOG.debug("{} was not told: {}", contact.peer(), e.getMessage());
                    outcomes.add(false);
                }
            });
        }
        int done = 0;
        for (int i = 0; i < contacts.size(); i++) {
            var outcome = outcomes.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (outcome == null) {
                break;
            }
            done += outcome ? 1 : 0;
        }
        return done;
    }

    // ---- one request

    /** An answer and the address that it came from. */
    private record Answer(KadMessage message, Multiaddr from) {

        /** Peers that it names, with the addresses that one who is there may tell of. */
        List<Contact> believed(List<Contact> named) {
            return named.stream()
                    .map(c -> new Contact(c.peer(), c.key(), AddressScope.believed(c.addresses(), from)))
                    .toList();
        }
    }

    private Answer ask(Contact to, KadMessage request) throws IOException {
        return exchange(to, request, stream -> {
            var answer = KadMessage.read(stream.in());
            if (answer.type() != request.type()) {
                throw new DecodeException("kad: expected an answer to " + request.type() + ", found " + answer.type());
            }
            return answer;
        });
    }

    private void tell(Contact to, KadMessage message) throws IOException {
        exchange(to, message, _ -> message); // ADD_PROVIDER has no answer
    }

    private interface Reading {
        KadMessage read(Stream stream) throws IOException;
    }

    private Answer exchange(Contact to, KadMessage request, Reading reading) throws IOException {
        var peer = to.peer();
        if (isBanned(peer)) {
            throw new IOException(peer + " is not asked: it misbehaved");
        }
        long deadline = System.nanoTime() + settings.limits().rpc().toNanos();
        takePlace(peer);
        try {
            var connection = host.connect(peer, to.addresses(), left(deadline));
            try (var stream = host.open(peer, settings.protocol(), left(deadline))) {
                stream.timeout(left(deadline));
                stream.out().write(request.frame());
                stream.out().flush();
                var answer = reading.read(stream);
                stream.closeWrite();
                table.confirmed(peer);
                return new Answer(answer, connection.remoteAddress());
            }
        } catch (ProtocolViolation e) {
            punish(peer, e.event(), e);
            throw e;
        } catch (DecodeException e) {
            punish(peer, Event.MALFORMED, e);
            throw e;
        } catch (IOException e) {
            table.remove(peer);
            throw e;
        } finally {
            outbound.release();
        }
    }

    private void takePlace(PeerId peer) throws IOException {
        try {
            if (!outbound.tryAcquire(settings.limits().rpc().toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("too many requests are under way to ask " + peer);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to ask " + peer);
        }
    }

    private Duration left(long deadline) throws IOException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new IOException("no answer within " + settings.limits().rpc());
        }
        return Duration.ofNanos(left);
    }

    private Duration shorter(Duration limit) {
        return limit.compareTo(settings.limits().rpc()) < 0
                ? limit
                : settings.limits().rpc();
    }

    private Duration longest(Duration limit) {
        return limit.compareTo(settings.limits().query()) < 0
                ? limit
                : settings.limits().query();
    }

    // ---- answering

    private void serve(Connection connection, Stream stream) throws IOException {
        var peer = connection.remote();
        if (isBanned(peer)) {
            throw new IOException(peer + " is not answered: it misbehaved");
        }
        stream.timeout(settings.limits().rpc());
        try {
            while (!closed) {
                var request = KadMessage.readOrEnd(stream.in());
                if (request.isEmpty()) {
                    return;
                }
                slowDown(peer);
                var answer = answers.answer(peer, connection.remoteAddress(), request.get());
                if (answer.isPresent()) {
                    stream.out().write(answer.get().frame());
                    stream.out().flush();
                }
            }
        } catch (Answers.RefusedException e) {
            host.report(peer, Event.KAD_REFUSED, String.valueOf(e.getMessage()));
            stream.reset();
        } catch (ProtocolViolation e) {
            punish(peer, e.event(), e);
            stream.reset();
        } catch (DecodeException e) {
            punish(peer, Event.MALFORMED, e);
            stream.reset();
        }
    }

    /** Who asks too much is answered later: all it can hold are the threads of its own streams. */
    private void slowDown(PeerId peer) {
        var pace = paces.computeIfAbsent(peer, _ -> new Pace(settings.limits().requestsPerSecond(), System::nanoTime));
        long nanos = pace.take();
        if (nanos > 0) {
            host.report(
                    peer,
                    Event.KAD_THROTTLED,
                    "asked more often than " + settings.limits().requestsPerSecond() + " a second");
            LockSupport.parkNanos(Math.min(nanos, settings.limits().rpc().toNanos()));
        }
    }

    /** Counts it, breaks with the peer for an hour and forgets what it said. */
    private void punish(PeerId peer, Event event, Exception why) {
        host.report(peer, event, String.valueOf(why.getMessage()));
        synchronized (banned) {
            banned.put(peer, clock.instant().plus(BAN));
            if (banned.size() > MAX_BANS) {
                banned.remove(banned.keySet().iterator().next());
            }
        }
        table.remove(peer);
        providers.forget(peer);
        host.connection(peer).ifPresent(Connection::close);
    }

    private boolean isBanned(PeerId peer) {
        synchronized (banned) {
            var until = banned.get(peer);
            if (until != null && !until.isAfter(clock.instant())) {
                banned.remove(peer);
                return false;
            }
            return until != null;
        }
    }

    // ---- who is in the table

    /** Only peers that say they serve the DHT come into the table, and only while they do. */
    private final class Arrivals implements HostListener {

        @Override
        public void identified(Connection connection, PeerInfo info) {
            var peer = connection.remote();
            if (!info.protocols().contains(settings.protocol())) {
                table.remove(peer);
                return;
            }
            if (connection.relayed() || isBanned(peer)) {
                return;
            }
            var addresses = new LinkedHashSet<Multiaddr>();
            if (!connection.inbound()) {
                addresses.add(connection.remoteAddress().withoutPeer());
            }
            addresses.addAll(AddressScope.believed(info.addresses(), connection.remoteAddress()));
            addresses.removeIf(Multiaddr::isRelayed); // who is only to be had over a relay answers nobody quickly
            if (!addresses.isEmpty()) {
                offer(new Contact(peer, List.copyOf(addresses)), AddressScope.network(connection.remoteAddress()));
            }
        }

        @Override
        public void disconnected(Connection connection) {
            paces.remove(connection.remote());
        }
    }

    private void offer(Contact contact, @Nullable Object network) {
        boolean first = table.size() == 0;
        switch (table.offer(contact, network)) {
            case RoutingTable.Full(Contact oldest) -> makeRoom(oldest, contact, network);
            case RoutingTable.Taken() -> {
                if (first) {
                    poke(); // there is somebody to ask at last
                }
            }
            case RoutingTable.Known() -> LOG.trace("{} is known", contact.peer());
            case RoutingTable.Refused(String why) -> LOG.trace("{} is not taken: {}", contact.peer(), why);
        }
    }

    private void makeRoom(Contact oldest, Contact newcomer, @Nullable Object network) {
        if (!evictions.tryAcquire()) {
            return; // many come at once: they will come again
        }
        Thread.ofVirtual().name("kad-ping").start(() -> {
            try {
                ask(oldest, KadMessage.of(Type.FIND_NODE, host.peerId().bytes()));
            } catch (IOException e) {
                table.replace(oldest.peer(), newcomer, network);
            } finally {
                evictions.release();
            }
        });
    }

    // ---- keeping house

    /** Joins through these addresses, beside those of the settings, and looks around. Blocks. */
    public void bootstrap(List<Multiaddr> addresses, Duration limit) throws InterruptedException {
        var seeds = new ArrayList<Contact>();
        for (var address : addresses) {
            address.peer()
                    .filter(peer -> !peer.equals(host.peerId()))
                    .ifPresent(peer -> seeds.add(new Contact(peer, List.of(address.withoutPeer()))));
        }
        seeds.addAll(table.closest(self, settings.shape().k()));
        var key = host.peerId().bytes();
        walk(self, seeds, limit, contact -> findNode(contact, key), () -> false);
    }

    /** Starts the next round of the house now: something about this node changed. */
    private void poke() {
        synchronized (house) {
            poked = true;
            house.notifyAll();
        }
    }

    private void keepHouse() {
        try {
            while (!closed) {
                tick();
                synchronized (house) {
                    if (!poked && !closed) {
                        house.wait(TICK.toMillis());
                    }
                    poked = false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("the DHT is not kept in order any more", e);
        }
    }

    /** Does what is due; one at a time, so that a test may do it too. */
    void tick() throws InterruptedException {
        ticking.lockInterruptibly();
        try {
            doWhatIsDue();
        } finally {
            ticking.unlock();
        }
    }

    private void doWhatIsDue() throws InterruptedException {
        var now = clock.instant();
        if (due(lastSweep, settings.refresh(), now)) {
            lastSweep = now;
            providers.sweep();
            values.sweep();
        }
        if (table.size() == 0) {
            if (!settings.bootstrap().isEmpty() && due(lastJoin, REJOIN, now)) {
                lastJoin = now;
                bootstrap(settings.bootstrap(), settings.limits().query());
            }
            return; // nobody to tell
        }
        if (due(lastRefresh, settings.refresh(), now)) {
            lastRefresh = now;
            refresh(now);
        }
        publishDue(now);
    }

    private static boolean due(Instant last, Duration period, Instant now) {
        return last.equals(Instant.MIN) || !last.plus(period).isAfter(now);
    }

    private void refresh(Instant now) throws InterruptedException {
        bootstrap(List.of(), settings.limits().query());
        if (refreshes++ % WALKED_EACH == 0) {
            int deepest = Math.min(table.deepest(), MAX_REFRESHED_BUCKETS);
            for (int bucket = 0; bucket <= deepest && !closed; bucket++) {
                closest(keyIn(bucket), settings.limits().query());
            }
        }
        for (var silent : table.silentSince(
                now.minus(settings.refresh()), settings.shape().k())) {
            Thread.ofVirtual().name("kad-ping").start(() -> {
                try {
                    ask(silent, KadMessage.of(Type.FIND_NODE, host.peerId().bytes()));
                } catch (IOException e) {
                    LOG.debug("{} is gone: {}", silent.peer(), e.getMessage());
                }
            });
        }
    }

    /** A key that falls into that bucket: drawn until one does, 2^15 times at the worst. */
    private byte[] keyIn(int bucket) {
        var key = new byte[32];
        do {
            random.nextBytes(key);
        } while (self.commonPrefix(KadKey.of(key)) != bucket);
        return key;
    }

    private void publishDue(Instant now) throws InterruptedException {
        var republish = settings.limits().stores().republish();
        List<Multihash> keys;
        synchronized (provided) {
            keys = provided.entrySet().stream()
                    .filter(e -> due(e.getValue(), republish, now))
                    .map(Map.Entry::getKey)
                    .toList();
        }
        for (var key : keys) {
            publish(key, () -> {
                synchronized (provided) {
                    var last = provided.get(key);
                    if (last == null || !due(last, republish, now)) {
                        return; // withdrawn, or published while this was waiting
                    }
                }
                int told = announce(key, settings.limits().query());
                synchronized (provided) {
                    provided.computeIfPresent(
                            key, (_, _) -> told > 0 ? now : now.minus(republish).plus(RETRY));
                }
            });
        }
        var records = new HashMap<ByteBuffer, OwnValue>();
        synchronized (ownValues) {
            ownValues.entrySet().stream()
                    .filter(e -> due(e.getValue().published(), republish, now))
                    .forEach(e -> records.put(e.getKey(), e.getValue()));
        }
        for (var record : records.entrySet()) {
            publish(record.getKey(), () -> {
                values.put(record.getKey().array(), record.getValue().value(), host.peerId());
                spread(
                        record.getKey().array(),
                        record.getValue().value(),
                        settings.limits().query());
                synchronized (ownValues) {
                    ownValues.replace(
                            record.getKey(),
                            record.getValue(),
                            new OwnValue(record.getValue().value(), now));
                }
            });
        }
    }

    private interface Publication {
        void run() throws InterruptedException;
    }

    /** Runs on a thread of its own, of which there are few, unless the same is under way. */
    private void publish(Object key, Publication publication) throws InterruptedException {
        if (!publishing.add(key)) {
            return;
        }
        publishers.acquire();
        Thread.ofVirtual().name("kad-publish").start(() -> {
            try {
                publication.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                publishing.remove(key);
                publishers.release();
            }
        });
    }

    /** Takes part no more; the host goes on. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        mode(Mode.CLIENT);
        closed = true;
        host.removeListener(listener);
        var running = housekeeper;
        if (running != null) {
            running.interrupt();
        }
    }
}
