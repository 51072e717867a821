package io.infergrid.grid.announce;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node known, and knowing: once a period it connects to bootstrap addresses and to peers that others hinted at, and
 * exchanges announcements with those it is connected to. A change of this node's state starts a round at once.
 */
public final class Gossip implements AutoCloseable {

    public static final String PROTOCOL = "/infergrid/announce/1";

    private static final Logger LOG = LoggerFactory.getLogger(Gossip.class);
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Duration EARLY = Duration.ofMillis(500);
    private static final Duration GAP = Duration.ofMillis(50);
    private static final int EXCHANGES = 32;
    private static final int DIALS = 16;
    /** Peers that are enough: beyond these no hint is followed. */
    private static final int ENOUGH = 256;

    private final Swarm swarm;
    private final PeerBook book;
    private final List<Multiaddr> bootstrap;
    private final Duration period;
    private final Supplier<Announcement> own;
    private final Consumer<PeerId> seen;
    private final Consumer<PeerId> lost;
    private final RandomGenerator random;
    private final GridMetrics metrics;
    private final Set<PeerId> inHand = ConcurrentHashMap.newKeySet();
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
            RandomGenerator random,
            GridMetrics metrics) {
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

    public void start() {
        swarm.serve(PROTOCOL, "announce", this::answer);
        loop = Thread.ofVirtual().name("gossip").start(this::run);
    }

    /** Starts a round soon: something about this node changed, or a peer turned up. */
    public void poke() {
        synchronized (lock) {
            poked = true;
            lock.notifyAll();
        }
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
        for (Multiaddr address : bootstrap) {
            address.peer()
                    .filter(peer -> !connected.contains(peer) && !peer.equals(swarm.self()))
                    .ifPresent(peer -> task(peer, () -> meet(peer, List.of(address))));
        }
        if (book.peers().size() < ENOUGH) {
            for (Announcement.Hint hint : book.takeHints(DIALS)) {
                if (!connected.contains(hint.peer()) && !hint.peer().equals(swarm.self())) {
                    task(hint.peer(), () -> meet(hint.peer(), hint.addresses()));
                }
            }
        }
        List<PeerId> partners = new ArrayList<>(connected);
        Collections.sort(partners);
        synchronized (random) {
            Collections.shuffle(partners, new Random(random.nextLong()));
        }
        for (PeerId peer : partners.subList(0, Math.min(EXCHANGES, partners.size()))) {
            task(peer, () -> exchange(peer));
        }
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
        try (Stream stream = swarm.open(peer, List.of(), PROTOCOL, LIMIT)) {
            stream.timeout(LIMIT);
            Frames.write(stream.out(), message().encode());
            stream.closeWrite();
            byte[] answer = Frames.require(stream.in(), AnnounceMessage.MAX_BYTES, "an announcement");
            take(AnnounceMessage.decode(answer), stream.remote(), roundTrip);
        }
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
        if (!before.map(PeerBook.Entry::announcement).equals(Optional.of(message.own()))) {
            seen.accept(from);
        }
        if (before.isEmpty() || hinted) {
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
        return new AnnounceMessage(own.get(), hints);
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
    }
}
