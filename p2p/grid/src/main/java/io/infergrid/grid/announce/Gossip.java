package io.infergrid.grid.announce;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node known, and knowing. Once a period, and as soon as something changed that others act upon, the node's announcement goes to all
 * ({@link Broadcast}). With peers that just connected, and with those that do not take part in that, announcements are exchanged directly,
 * which also brings hints of others; until it has enough connections, the node connects to those it heard of.
 */
public final class Gossip implements AutoCloseable {

    public static final String PROTOCOL = "/infergrid/announce/2";

    private static final Logger LOG = LoggerFactory.getLogger(Gossip.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Duration EARLY = Duration.ofMillis(500);
    private static final Duration GAP = Duration.ofMillis(50);
    private static final int EXCHANGES = 32;
    private static final int DIALS = 16;
    /** Connections that are enough: of all others, this node only hears. */
    private static final int ENOUGH = 64;

    private static final Duration TRY_AGAIN = Duration.ofSeconds(10);

    private final Swarm swarm;
    private final PeerBook book;
    private final List<Multiaddr> bootstrap;
    private final Duration period;
    private final Supplier<Announcement> own;
    private final Consumer<PeerId> seen;
    private final Consumer<PeerId> lost;
    private final RandomGenerator random;
    private final GridMetrics metrics;
    private final Clock clock;
    private final Set<PeerId> inHand = ConcurrentHashMap.newKeySet();
    private final Map<PeerId, Told> told = new ConcurrentHashMap<>(); // connected peers that know our news
    private final Map<PeerId, Long> tried = new ConcurrentHashMap<>(); // nanoseconds at which others were dialled
    private volatile @Nullable Broadcast broadcast;
    private @Nullable Announcement lastSaid; // the loop's
    private long lastSaidNanos;
    private final AtomicLong lastStamp = new AtomicLong();
    private volatile long news; // counts what others act upon
    private final Object lock = new Object();
    private boolean poked;
    private boolean closed;
    private @Nullable Thread loop;

    /**
     * @param own this node's announcement as of now
     * @param seen told of a peer that was heard for the first time, or with something new to say
     * @param lost told of a peer whose announcement expired
     */
    public Gossip(
            Swarm swarm,
            PeerBook book,
            List<Multiaddr> bootstrap,
            Duration period,
            Supplier<Announcement> own,
            Consumer<PeerId> seen,
            Consumer<PeerId> lost,
            Clock clock,
            RandomGenerator random,
            GridMetrics metrics) {
        this.clock = clock;
        this.swarm = swarm;
        this.book = book;
        this.bootstrap = List.copyOf(bootstrap);
        this.period = period;
        this.own = own;
        this.seen = seen;
        this.lost = lost;
        this.random = random;
        this.metrics = metrics;
    }

    /** What a peer was told last, and when. */
    private record Told(long news, long nanos) {}

    public void start(Host host) {
        swarm.serve(PROTOCOL, "announce", this::answer);
        broadcast = new Broadcast(host, period, clock, random, this::overhear, metrics);
        loop = Thread.ofVirtual().name("gossip").start(this::run);
    }

    /** Starts a round soon: something about this node changed, or a peer turned up. */
    public void poke() {
        synchronized (lock) {
            poked = true;
            lock.notifyAll();
        }
    }

    /** A peer is to say again what it is: it failed, and may be back. */
    public void askAgain(PeerId peer) {
        told.remove(peer);
        poke();
    }

    /** A peer is not connected any more. */
    public void disconnected(PeerId peer) {
        told.remove(peer);
        tried.remove(peer);
        poke();
    }

    private void run() {
        try {
            while (pause()) {
                round();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the next round is due; false when closed. */
    private boolean pause() throws InterruptedException {
        // the first rounds come early, so that a new node is known soon
        long millis = book.peers().isEmpty() && !bootstrap.isEmpty()
                ? Math.min(EARLY.toMillis(), period.toMillis())
                : period.toMillis();
        long jitter = millis / 10;
        long deadline = System.nanoTime() + 1_000_000 * (millis + (jitter > 0 ? drawn(jitter) : 0));
        // however often it is poked: a peer must not be able to drive us
        long earliest = System.nanoTime() + 1_000_000 * Math.min(GAP.toMillis(), millis);
        synchronized (lock) {
            for (long left; !closed && (left = (poked ? earliest : deadline) - System.nanoTime()) > 0; ) {
                lock.wait(left / 1_000_000 + 1);
            }
            poked = false;
            return !closed;
        }
    }

    private long drawn(long bound) {
        synchronized (random) {
            return random.nextLong(-bound, bound + 1);
        }
    }

    private void round() {
        book.expire().forEach(lost);
        var connected = swarm.connected();
        say();
        for (Multiaddr address : bootstrap) {
            address.peer()
                    .filter(peer -> !connected.contains(peer) && !peer.equals(swarm.self()))
                    .ifPresent(peer -> task(peer, () -> meet(peer, List.of(address))));
        }
        if (connected.size() < ENOUGH) {
            acquaint(connected);
        }
        Broadcast all = broadcast;
        Set<PeerId> listeners = all == null ? Set.of() : all.listeners();
        List<PeerId> partners = new ArrayList<>();
        for (PeerId peer : connected) {
            if (isToBeTold(peer, listeners)) {
                partners.add(peer);
            }
        }
        Collections.sort(partners);
        synchronized (random) {
            Collections.shuffle(partners, new Random(random.nextLong()));
        }
        for (PeerId peer : partners.subList(0, Math.min(EXCHANGES, partners.size()))) {
            task(peer, () -> exchange(peer));
        }
    }

    /** Tells all what this node is: once a period, and when it is news. */
    private void say() {
        Announcement now = stamped();
        boolean isNews = lastSaid == null || now.isNewsAfter(lastSaid);
        if (isNews) {
            lastSaid = now;
            news++;
        }
        boolean due = lastSaidNanos == 0 || System.nanoTime() - lastSaidNanos >= period.toNanos() * 8 / 10;
        Broadcast all = broadcast;
        if (all == null || !(isNews || due)) {
            return;
        }
        var listeners = all.listeners(); // before, so that each of them is among those it goes to
        if (all.say(now)) {
            lastSaidNanos = System.nanoTime();
            var knows = new Told(news, lastSaidNanos);
            listeners.forEach(peer -> told.computeIfPresent(peer, (_, _) -> knows));
        } else if (isNews) {
            lastSaidNanos = 0; // as soon as it may; connected peers are told directly meanwhile
        }
    }

    /** Connects to peers that others told of. */
    private void acquaint(Set<PeerId> connected) {
        for (Announcement.Hint hint : book.takeHints(DIALS)) {
            if (!connected.contains(hint.peer()) && !hint.peer().equals(swarm.self())) {
                task(hint.peer(), () -> meet(hint.peer(), hint.addresses()));
            }
        }
        long now = System.nanoTime();
        tried.values().removeIf(at -> now - at > TRY_AGAIN.toNanos());
        int dials = 0;
        for (PeerBook.Entry entry : book.peers()) {
            var peer = entry.announcement().node();
            var addresses = entry.announcement().addresses();
            if (dials < DIALS
                    && !connected.contains(peer)
                    && !addresses.isEmpty()
                    && tried.putIfAbsent(peer, now) == null) {
                dials++;
                task(peer, () -> meet(peer, addresses));
            }
        }
    }

    /** Whether an exchange with a connected peer is due: it is new or failed, does not know our news, or hears only what it is told itself. */
    private boolean isToBeTold(PeerId peer, Set<PeerId> listeners) {
        Told last = told.get(peer);
        if (last == null || last.news() != news || book.find(peer).isEmpty()) {
            return true;
        }
        return !listeners.contains(peer) && System.nanoTime() - last.nanos() >= period.toNanos() * 8 / 10;
    }

    /** Our announcement as of now; no two have the same time. */
    private Announcement stamped() {
        return own.get().said(lastStamp.updateAndGet(last -> Math.max(last + 1, clock.millis())));
    }

    private interface Step {
        void run() throws IOException;
    }

    /** Deals with a peer on a thread of its own, unless one does so already: a slow peer holds up nobody else. */
    private void task(PeerId peer, Step step) {
        if (!inHand.add(peer)) {
            return;
        }
        Thread.ofVirtual().name("gossip " + peer).start(() -> {
            try {
                step.run();
            } catch (WireException bad) {
                metrics.count("announce.bad");
                LOG.info("announcement of {} refused: {}", peer, bad.getMessage());
            } catch (IOException gone) {
                metrics.count("announce.lost");
                LOG.debug("no announcement exchanged with {}: {}", peer, gone.getMessage());
            } finally {
                inHand.remove(peer);
            }
        });
    }

    private void meet(PeerId peer, List<Multiaddr> addresses) throws IOException {
        swarm.connect(peer, addresses, LIMIT);
        exchange(peer);
    }

    private void exchange(PeerId peer) throws IOException {
        Duration roundTrip = swarm.ping(peer, LIMIT);
        var knows = new Told(news, System.nanoTime());
        try (Stream stream = swarm.open(peer, List.of(), PROTOCOL, LIMIT)) {
            stream.timeout(LIMIT);
            Frames.write(stream.out(), message().encode());
            stream.closeWrite();
            byte[] answer = Frames.require(stream.in(), AnnounceMessage.MAX_BYTES, "an announcement");
            take(AnnounceMessage.decode(answer), stream.remote(), roundTrip);
        }
        told.put(peer, knows);
        metrics.count("announce.exchanges");
    }

    private void answer(Stream stream) throws IOException {
        stream.timeout(LIMIT);
        byte[] asked = Frames.require(stream.in(), AnnounceMessage.MAX_BYTES, "an announcement");
        take(AnnounceMessage.decode(asked), stream.remote(), Duration.ZERO);
        Frames.write(stream.out(), message().encode());
        stream.out().flush();
        stream.closeWrite();
    }

    private void take(AnnounceMessage message, PeerId from, Duration roundTrip) throws WireException {
        if (!message.own().node().equals(from)) {
            throw new WireException("announcement: expected one of " + from + " over its connection, found "
                    + message.own().node());
        }
        var before = book.hear(message.own(), roundTrip);
        boolean hinted = false;
        for (Announcement.Hint hint : message.hints()) {
            hinted |= !hint.peer().equals(swarm.self()) && book.hint(hint);
        }
        if (before.filter(known -> known.announcement().saysAs(message.own())).isEmpty()) {
            seen.accept(from);
        }
        if (before.isEmpty() || hinted) {
            poke();
        }
    }

    private void overhear(Announcement announcement) {
        var peer = announcement.node();
        var before = book.find(peer);
        if (!book.overhear(announcement, swarm.roundTrip(peer))) {
            return;
        }
        if (before.filter(known -> known.announcement().saysAs(announcement)).isEmpty()) {
            seen.accept(peer);
        }
        if (before.isEmpty()) {
            poke();
        }
    }

    private AnnounceMessage message() {
        List<Announcement.Hint> hints = new ArrayList<>();
        for (PeerBook.Entry entry : book.peers()) {
            hints.add(new Announcement.Hint(
                    entry.announcement().node(), entry.announcement().addresses()));
        }
        synchronized (random) {
            Collections.shuffle(hints, new Random(random.nextLong()));
        }
        return new AnnounceMessage(stamped(), hints);
    }

    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        Thread running = loop;
        if (running != null) {
            running.interrupt();
        }
        Broadcast all = broadcast;
        if (all != null) {
            all.close();
        }
    }
}
