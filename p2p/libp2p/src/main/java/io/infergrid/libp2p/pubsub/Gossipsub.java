package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gossipsub on a host:
 *
 * <pre>{@code
 * var gossip = Gossipsub.on(host).start();
 * gossip.subscribe("/news/1", TopicOptions.DEFAULT, message -> System.out.println(message));
 * gossip.publish("/news/1", "hello".getBytes(UTF_8));
 * }</pre>
 *
 * One thread owns the {@link Router}; what it is to do waits in a bounded mailbox. Each peer has a thread that reads its RPCs, which waits
 * until its last one is done, and one that writes to it from a bounded queue. Signatures and validators have threads of their own, and so has
 * each subscriber. Closing the host ends the links; closing this leaves all topics too.
 */
public final class Gossipsub implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Gossipsub.class);
    private static final int MAILBOX = 1024;
    private static final int AT_ONCE = 256; // between two looks at the clock
    private static final int RELINKS = 5;
    private static final int EXCHANGE_DIALS = 8;
    private static final int MAX_INBOUND = 4;
    private static final int FIRST_BYTES = 16 * 1024;
    private static final int OVERHEAD_BYTES = 1024; // of a message's other fields
    private static final Duration OPEN_LIMIT = Duration.ofSeconds(10);
    private static final Duration READ_LIMIT = Duration.ofSeconds(30);
    private static final Duration RELINK_PAUSE = Duration.ofSeconds(1);

    private final Host host;
    private final Builder settings;
    private final GossipLimits limits;
    private final Router router; // the owner thread's
    private final Verification verification;
    private final BlockingQueue<Consumer<Long>> mailbox = new ArrayBlockingQueue<>(MAILBOX);
    private final LinkTable<Link> links = new LinkTable<>(Link::new, link -> link.thread.start());
    private final Map<PeerId, Stream> inbound = new ConcurrentHashMap<>();
    private final Map<String, Delivery> deliveries = new ConcurrentHashMap<>();
    private final Map<PeerId, SignedEnvelope> records = new ConcurrentHashMap<>(); // of connected peers
    private final Set<PeerId> ignored = ConcurrentHashMap.newKeySet(); // graylisted at the last look
    private final Map<GossipEvent, LongAdder> counts = new EnumMap<>(GossipEvent.class);
    private final Semaphore readBudget; // KiB
    private final Semaphore exchangeDials = new Semaphore(EXCHANGE_DIALS);
    private final AtomicLong lastSeqno = new AtomicLong();
    private final HostListener listener = new Peers();
    private final Thread owner;
    private volatile boolean closed;

    /** Says how a router is to be, then starts it. Each setting has a default. */
    public static final class Builder {
        private final Host host;
        private SignaturePolicy policy = SignaturePolicy.STRICT_SIGN;
        private Function<Message, MessageId> ids = Message::defaultId;
        private GossipParameters parameters = GossipParameters.DEFAULT;
        private ScoreParameters score = ScoreParameters.DEFAULT;
        private GossipLimits limits = GossipLimits.DEFAULT;
        private Map<PeerId, List<Multiaddr>> explicit = Map.of();
        private ToDoubleFunction<PeerId> application = _ -> 0;
        private LongSupplier nanos = System::nanoTime;
        private Clock clock = Clock.systemUTC();
        private RandomGenerator random = new Random();
        private int verifiers = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        private Version newest = Version.V1_2;

        private Builder(Host host) {
            this.host = host;
        }

        /** Without signatures, nobody knows who wrote what, and what is said twice is one message. */
        public Builder unsigned() {
            policy = SignaturePolicy.STRICT_NO_SIGN;
            return this;
        }

        /** What tells messages apart; all peers must have the same. */
        public Builder ids(Function<Message, MessageId> how) {
            ids = how;
            return this;
        }

        public Builder parameters(GossipParameters how) {
            parameters = how;
            return this;
        }

        public Builder score(ScoreParameters how) {
            score = how;
            return this;
        }

        public Builder limits(GossipLimits how) {
            limits = how;
            return this;
        }

        /** Peers that are linked whatever their score, and dialled again when they are gone. They must do the same with us. */
        public Builder explicit(Map<PeerId, List<Multiaddr>> peers) {
            explicit = Map.copyOf(peers);
            return this;
        }

        /** What the application thinks of a peer (P5). Called often, on the owner's thread. */
        public Builder application(ToDoubleFunction<PeerId> judge) {
            application = judge;
            return this;
        }

        /** @param nanos of any start, never going back; the clock for the numbers of our messages, which must grow from run to run */
        public Builder time(LongSupplier nanos, Clock clock) {
            this.nanos = nanos;
            this.clock = clock;
            return this;
        }

        public Builder random(RandomGenerator source) {
            random = source;
            return this;
        }

        /** Threads that check signatures; half of the processors unless told. */
        public Builder verifiers(int threads) {
            verifiers = threads;
            return this;
        }

        /** The newest version that is spoken, e.g. {@code /meshsub/1.1.0}. */
        public Builder newest(String protocol) {
            newest = Version.of(protocol)
                    .orElseThrow(
                            () -> new IllegalArgumentException("expected a version of gossipsub, found " + protocol));
            return this;
        }

        public Gossipsub start() {
            var gossip = new Gossipsub(this);
            gossip.begin();
            return gossip;
        }
    }

    public static Builder on(Host host) {
        return new Builder(host);
    }

    private Gossipsub(Builder settings) {
        this.settings = settings;
        host = settings.host;
        limits = settings.limits;
        for (var event : GossipEvent.values()) {
            counts.put(event, new LongAdder());
        }
        readBudget = new Semaphore((int) (limits.memory().readBytes() / 1024), true);
        verification = new Verification(settings.policy, limits.memory(), settings.verifiers, this::verified);
        var scores = new ScoreBook(settings.score, limits.memory().retainedScores(), settings.application);
        var setup = new Router.Setup(
                host.peerId(), settings.policy, settings.ids, settings.parameters, limits, settings.explicit.keySet());
        router = new Router(setup, settings.score, scores, new World(), settings.random, settings.nanos.getAsLong());
        owner = Thread.ofVirtual().name("gossip-" + host.peerId()).unstarted(this::own);
    }

    private void begin() {
        owner.start();
        host.addListener(listener);
        for (var protocol : Version.upTo(settings.newest)) {
            host.handle(protocol, HandlerOptions.atMost(MAX_INBOUND), this::read);
        }
        for (var connection : host.connections()) {
            host.info(connection.remote()).ifPresent(info -> listener.identified(connection, info));
        }
    }

    // ---- what the application calls ----

    /**
     * Listens to a topic. Messages are handed over one after the other on a virtual thread of the subscription; a subscriber that is slow loses
     * messages, and one that throws loses that one.
     *
     * @throws IllegalArgumentException if the topic is listened to already or its name is too long
     */
    public Subscription subscribe(String topic, TopicOptions options, Consumer<Message> subscriber) {
        checkTopic(topic);
        var delivery = new Delivery(topic, subscriber);
        if (deliveries.putIfAbsent(topic, delivery) != null) {
            throw new IllegalArgumentException(topic + " is listened to already");
        }
        delivery.thread.start();
        post(now -> router.join(topic, options, now));
        return delivery;
    }

    /**
     * Says something on a topic, whether or not it is listened to here. Not delivered to ourselves.
     *
     * @return to how many peers it goes; those who listen but are not connected get it from these
     * @throws IllegalArgumentException if it is larger than an RPC may be
     */
    public int publish(String topic, byte[] data) {
        checkTopic(topic);
        if (data.length > limits.rpcBytes() - OVERHEAD_BYTES) {
            throw new IllegalArgumentException("gossip: expected at most " + (limits.rpcBytes() - OVERHEAD_BYTES)
                    + " bytes, found " + data.length);
        }
        var message = switch (settings.policy) {
            case STRICT_SIGN -> Message.signed(topic, data.clone(), seqno(), host.peerId(), host::sign);
            case STRICT_NO_SIGN -> Message.unsigned(topic, data.clone());
        };
        return ask(now -> router.publish(message, now)).orElse(0);
    }

    /** Grows from message to message and from run to run. */
    private long seqno() {
        var now = Instant.now(settings.clock);
        long nanos = Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
        return lastSeqno.updateAndGet(last -> Math.max(last + 1, nanos));
    }

    private void checkTopic(String topic) {
        int bytes = topic.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > limits.topicBytes()) {
            throw new IllegalArgumentException(
                    "gossip: expected a topic of at most " + limits.topicBytes() + " bytes, found " + bytes);
        }
    }

    /** Peers that speak the protocol and are linked. */
    public Set<PeerId> peers() {
        return ask(_ -> router.peers()).orElse(Set.of());
    }

    /** Of those, the ones that listen to a topic. */
    public Set<PeerId> listening(String topic) {
        return ask(_ -> router.listening(topic)).orElse(Set.of());
    }

    /** The links over which a topic's messages are passed on. */
    public Set<PeerId> mesh(String topic) {
        return ask(_ -> router.mesh(topic)).orElse(Set.of());
    }

    public double score(PeerId peer) {
        return ask(_ -> router.score(peer)).orElse(0.0);
    }

    /** The protocol that is spoken with a linked peer, e.g. {@code /meshsub/1.2.0}. */
    public Optional<String> protocol(PeerId peer) {
        return ask(_ -> router.version(peer).map(Version::protocol)).orElse(Optional.empty());
    }

    /** How often something happened since the start. */
    public long count(GossipEvent event) {
        return adder(event).sum();
    }

    /** All counts at this moment, zeros left out. */
    public Map<GossipEvent, Long> counts() {
        var result = new EnumMap<GossipEvent, Long>(GossipEvent.class);
        counts.forEach((event, adder) -> {
            if (adder.sum() > 0) {
                result.put(event, adder.sum());
            }
        });
        return result;
    }

    private LongAdder adder(GossipEvent event) {
        return Objects.requireNonNull(counts.get(event));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        deliveries.values().forEach(Delivery::close);
        ask(_ -> true); // so that the goodbyes are in the queues
        closed = true;
        host.removeListener(listener);
        Version.upTo(settings.newest).forEach(host::unhandle);
        links.forEach((_, link) -> link.close());
        inbound.values().forEach(Stream::reset);
        verification.close();
        owner.interrupt();
    }

    // ---- the owner ----

    private void own() {
        long beat = settings.parameters.times().heartbeat().toNanos();
        long next = settings.nanos.getAsLong() + beat;
        try {
            while (!closed) {
                var command = mailbox.poll(Math.max(0, next - settings.nanos.getAsLong()), TimeUnit.NANOSECONDS);
                for (int i = 0; command != null; i++) {
                    run(command);
                    command = i < AT_ONCE ? mailbox.poll() : null;
                }
                long now = settings.nanos.getAsLong();
                if (now - next >= 0) {
                    run(this::heartbeat);
                    next = Math.max(next + beat, now); // those that were missed are not made up for
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(Consumer<Long> command) {
        try {
            command.accept(settings.nanos.getAsLong());
        } catch (RuntimeException e) {
            LOG.error("gossip: a step failed", e);
        }
    }

    private void heartbeat(long now) {
        router.heartbeat(now);
        ignored.removeIf(peer -> !router.graylisted(peer));
    }

    /** Waits for room; the owner always makes some. */
    private void post(Consumer<Long> command) {
        try {
            while (!closed && !mailbox.offer(command, 1, TimeUnit.SECONDS)) {
                LOG.debug("gossip: the mailbox is full");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Empty if this was closed. */
    private <T> Optional<T> ask(Function<Long, T> question) {
        var answer = new CompletableFuture<T>();
        post(now -> {
            try {
                answer.complete(question.apply(now));
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        while (!closed) {
            try {
                return Optional.of(answer.get(100, TimeUnit.MILLISECONDS));
            } catch (TimeoutException e) {
                LOG.trace("gossip: still waiting for the owner");
            } catch (ExecutionException e) {
                throw new IllegalStateException("gossip: a step failed", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    private void verified(List<Verification.Result> results) {
        post(now -> results.forEach(result -> router.verified(result.message(), result.outcome(), now)));
    }

    // ---- links: one for each peer, which writes to it ----

    private final class Peers implements HostListener {
        @Override
        public void identified(Connection connection, PeerInfo info) {
            var peer = connection.remote();
            info.signedRecord().ifPresent(record -> records.put(peer, record));
            if (!connection.relayed()
                    && info.protocols().stream()
                            .anyMatch(protocol -> Version.of(protocol).isPresent())) {
                Link _ = links.findOrStart(peer);
            }
        }

        @Override
        public void disconnected(Connection connection) {
            var peer = connection.remote();
            records.remove(peer);
            links.find(peer).ifPresent(link -> {
                link.disconnected = true;
                link.close();
            });
            var reading = inbound.remove(peer);
            if (reading != null) {
                reading.reset();
            }
        }
    }

    /**
     * What writes to a peer. It outlives its stream: when that breaks, or the host goes over to another connection with the peer, there is
     * another stream, on which the peer hears anew what we listen to.
     */
    private final class Link {

        private enum End {
            /** The host has another connection with the peer now. */
            MOVED,
            BROKEN,
            /** The peer does not speak the protocol. */
            REFUSED
        }

        final PeerId peer;
        final CompletableFuture<Boolean> known = new CompletableFuture<>(); // whether the router got to know the peer
        final Thread thread;
        final AtomicBoolean heard = new AtomicBoolean(); // whether the peer ever opened a stream to us
        volatile PeerQueue queue = new PeerQueue(limits);
        private volatile @Nullable Stream stream;
        private volatile boolean ended;
        private volatile boolean disconnected;

        Link(PeerId peer) {
            this.peer = peer;
            thread = Thread.ofVirtual().name("gossip-write-" + peer).unstarted(this::run);
        }

        private void run() {
            try {
                int failures = 0;
                while (!ended && !closed && failures < RELINKS) {
                    var connection = host.connection(peer);
                    if (connection.isEmpty() || connection.get().relayed()) {
                        break;
                    }
                    switch (write(connection.get())) {
                        case MOVED -> failures = 0;
                        case BROKEN -> Thread.sleep(RELINK_PAUSE.multipliedBy(failures++));
                        case REFUSED -> failures = RELINKS;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                end();
            }
        }

        private void end() {
            ended = true;
            if (!known.complete(false)) {
                post(now -> router.disconnected(peer, now));
            }
            links.remove(peer, this);
            if (disconnected && !closed) { // and may have come back while this was ending
                host.connection(peer)
                        .ifPresent(
                                connection -> host.info(peer).ifPresent(info -> listener.identified(connection, info)));
            }
        }

        private End write(Connection connection) throws InterruptedException {
            Stream out;
            try {
                out = connection.open(OPEN_LIMIT, Version.upTo(settings.newest));
            } catch (IOException e) {
                LOG.debug("no gossip with {}: {}", peer, e.getMessage());
                return connection.isOpen() ? End.REFUSED : End.BROKEN;
            }
            var waiting = new PeerQueue(limits);
            try (out) {
                queue = waiting;
                stream = out;
                introduce(connection, Version.of(out.protocol()).orElseThrow());
                watch(out, waiting);
                for (var rpc = waiting.take(); rpc != null && !ended; rpc = waiting.take()) {
                    var bytes = rpc.encode();
                    out.out().write(Uvarint.encode(bytes.length));
                    out.out().write(bytes);
                    out.out().flush();
                    if (moved(connection)) {
                        return End.MOVED;
                    }
                }
                return End.BROKEN;
            } catch (IOException e) {
                LOG.debug("gossip with {} broke: {}", peer, e.getMessage());
                return moved(connection) ? End.MOVED : End.BROKEN;
            } finally {
                waiting.close();
            }
        }

        private boolean moved(Connection connection) {
            var current = host.connection(peer);
            return current.isPresent() && current.get() != connection;
        }

        private void introduce(Connection connection, Version version) {
            if (known.isDone()) {
                post(_ -> router.relinked(peer, version));
                return;
            }
            var address = connection.remoteAddress().ip().orElse(null);
            boolean dialled = !connection.inbound();
            post(_ -> {
                router.connected(peer, version, dialled, address);
                known.complete(true);
            });
        }

        /** Nothing comes on a stream of ours, but that it breaks is noticed by reading only. */
        private void watch(Stream out, PeerQueue waiting) {
            Thread.ofVirtual().name("gossip-watch-" + peer).start(() -> {
                try {
                    while (out.in().read() >= 0) {
                        LOG.trace("gossip: {} answers where nothing was asked", peer);
                    }
                } catch (IOException e) {
                    waiting.close();
                }
            });
        }

        void close() {
            ended = true;
            queue.close();
            var open = stream;
            if (open != null) {
                open.reset();
            }
            thread.interrupt();
        }
    }

    // ---- reading ----

    private void read(Connection connection, Stream stream) throws IOException {
        var peer = connection.remote();
        var before = inbound.put(peer, stream);
        if (before != null) {
            before.reset();
        }
        try {
            var link = links.findOrStart(peer);
            if (closed || !link.known.get(OPEN_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                stream.reset();
                return;
            }
            if (link.heard.getAndSet(true)) {
                post(_ -> router.restarted(peer)); // it says on each stream from the start what it listens to
            }
            while (true) {
                stream.timeout(Duration.ZERO); // a peer may have nothing to say for long
                int length = Uvarint.readLength(stream.in(), limits.rpcBytes(), "gossip");
                stream.timeout(READ_LIMIT);
                receive(peer, stream, length);
                verification.awaitRoom(peer);
            }
        } catch (EOFException e) {
            LOG.debug("{} says no more", peer);
        } catch (DecodeException e) {
            post(_ -> {
                router.malformed(peer);
                ignoreIfGraylisted(peer);
            });
            throw e; // the host counts and reports it, and resets the stream
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("gossip with " + peer + ": no link to it", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("gossip with " + peer + ": interrupted", e);
        } finally {
            inbound.remove(peer, stream);
        }
    }

    private void receive(PeerId peer, Stream stream, int length) throws IOException, InterruptedException {
        if (ignored.contains(peer)) {
            stream.in().skipNBytes(length);
            count(GossipEvent.GRAYLISTED, 1);
            return;
        }
        int held = 0; // KiB
        try {
            byte[] bytes = new byte[Math.min(length, FIRST_BYTES)];
            held = reserve(0, bytes.length);
            for (int at = 0; at < length; ) {
                if (at == bytes.length) { // only as it comes
                    int more = (int) Math.min(length, bytes.length * 2L);
                    held = reserve(held, more);
                    bytes = Arrays.copyOf(bytes, more);
                }
                int n = stream.in().read(bytes, at, bytes.length - at);
                if (n < 0) {
                    throw new EOFException("gossip: expected " + length + " bytes, found " + at);
                }
                at += n;
            }
            hand(peer, Rpc.decode(bytes, limits));
        } finally {
            readBudget.release(held);
        }
    }

    private int reserve(int held, int bytes) throws IOException, InterruptedException {
        int wanted = bytes / 1024 + 1;
        if (!readBudget.tryAcquire(wanted - held, READ_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new IOException("gossip: too much is being read at once");
        }
        return wanted;
    }

    /** Waits until the owner is done with it: a peer has one RPC in hand at a time. */
    private void hand(PeerId peer, Rpc rpc) throws InterruptedException {
        var done = new Semaphore(0);
        post(now -> {
            try {
                router.received(peer, rpc, now);
                ignoreIfGraylisted(peer);
            } finally {
                done.release();
            }
        });
        while (!closed && !done.tryAcquire(1, TimeUnit.SECONDS)) {
            LOG.trace("gossip: still waiting for the owner");
        }
    }

    private void ignoreIfGraylisted(PeerId peer) {
        if (router.graylisted(peer)) {
            ignored.add(peer);
        }
    }

    private void count(GossipEvent event, long by) {
        adder(event).add(by);
    }

    // ---- what the router does ----

    private final class World implements Outlet {
        @Override
        public void send(PeerId peer, Rpc rpc) {
            var link = links.find(peer).orElse(null);
            if (link == null) {
                return;
            }
            int dropped = link.queue.add(rpc);
            if (dropped < 0) {
                link.close(); // it does not read at all
            } else if (dropped > 0) {
                Gossipsub.this.count(GossipEvent.SLOW_PEER, dropped);
            }
        }

        @Override
        public boolean verify(Pending message) {
            return verification.offer(message);
        }

        @Override
        public void deliver(Message message) {
            var delivery = deliveries.get(message.topic());
            if (delivery != null && !delivery.waiting.offer(message)) {
                Gossipsub.this.count(GossipEvent.SLOW_SUBSCRIBER, 1);
            }
        }

        @Override
        public void connect(Rpc.ExchangedPeer other) {
            if (!exchangeDials.tryAcquire()) {
                return;
            }
            Thread.ofVirtual().name("gossip-exchange-" + other.peer()).start(() -> {
                try {
                    dial(other);
                } catch (IOException e) {
                    Gossipsub.this.count(GossipEvent.EXCHANGE_REFUSED, 1);
                    LOG.debug("{} was named and could not be reached: {}", other.peer(), e.getMessage());
                } finally {
                    exchangeDials.release();
                }
            });
        }

        private void dial(Rpc.ExchangedPeer other) throws IOException {
            var record = PeerRecord.open(SignedEnvelope.decode(other.signedRecord()));
            if (!record.peer().equals(other.peer())) {
                throw new IOException("expected a record of " + other.peer() + ", found one of " + record.peer());
            }
            host.connect(other.peer(), record.addresses(), OPEN_LIMIT);
        }

        @Override
        public void reconnect(PeerId peer) {
            var addresses = settings.explicit.getOrDefault(peer, List.of());
            Thread.ofVirtual().name("gossip-explicit-" + peer).start(() -> {
                try {
                    host.connect(peer, addresses, OPEN_LIMIT);
                } catch (IOException e) {
                    LOG.debug("explicit peer {} is not to be reached: {}", peer, e.getMessage());
                }
            });
        }

        @Override
        public Optional<byte[]> signedRecord(PeerId peer) {
            return Optional.ofNullable(records.get(peer)).map(SignedEnvelope::encode);
        }

        @Override
        public void report(PeerId peer, Event event, String detail) {
            host.report(peer, event, detail);
        }

        @Override
        public void count(GossipEvent event, long by) {
            Gossipsub.this.count(event, by);
        }
    }

    /** A subscriber and what waits for it. */
    private final class Delivery implements Subscription {
        private final String topic;
        private final Consumer<Message> subscriber;
        private final BlockingQueue<Message> waiting =
                new ArrayBlockingQueue<>(limits.memory().deliveries());
        private final Thread thread;

        Delivery(String topic, Consumer<Message> subscriber) {
            this.topic = topic;
            this.subscriber = subscriber;
            thread = Thread.ofVirtual().name("gossip-deliver-" + topic).unstarted(this::run);
        }

        private void run() {
            try {
                while (true) {
                    var message = waiting.take();
                    try {
                        subscriber.accept(message);
                    } catch (RuntimeException e) {
                        LOG.warn("the subscriber of {} failed", topic, e);
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public String topic() {
            return topic;
        }

        @Override
        public void close() {
            if (deliveries.remove(topic, this)) {
                post(now -> router.leave(topic, now));
                thread.interrupt();
            }
        }
    }

    /** For tests of what waits for a peer. */
    Map<PeerId, Long> queuedBytes() {
        var result = new HashMap<PeerId, Long>();
        links.forEach((peer, link) -> result.put(peer, link.queue.bytes()));
        return result;
    }
}
