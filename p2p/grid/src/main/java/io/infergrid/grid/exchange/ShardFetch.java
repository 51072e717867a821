package io.infergrid.grid.exchange;

import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener.ShardProgress;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ShardMessage.GetHave;
import io.infergrid.grid.exchange.ShardMessage.GetManifest;
import io.infergrid.grid.exchange.ShardMessage.GetPiece;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.ManifestPart;
import io.infergrid.grid.exchange.ShardMessage.Missing;
import io.infergrid.grid.exchange.ShardMessage.Piece;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets shards from peers. Each source is asked on a stream of its own with several questions under way; a piece whose hash is
 * wrong ends the source for good, one that breaks off is asked again a few times; its pieces go to the others. Which pieces are
 * asked for first is left to chance, so that peers that fetch at the same time soon have different ones for each other.
 */
public final class ShardFetch {

    /** Where a peer that has something of the model can be reached. */
    public record Source(PeerId peer, List<Multiaddr> addresses) {}

    private static final Logger LOG = LoggerFactory.getLogger(ShardFetch.class);
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int UNDER_WAY = 4;
    private static final int MAX_FAILURES = 5;
    private static final int MAX_SOURCES = 8;
    /** Time after which a source that had nothing for us is asked again. */
    private static final long ASK_AGAIN_MILLIS = 100;

    private final Swarm swarm;
    private final Function<Hash, List<Source>> sources;
    private final Transfers transfers;
    private final RandomGenerator random;
    private final GridMetrics metrics;
    private final Consumer<ShardProgress> progress;
    private final Set<PeerId> banned = ConcurrentHashMap.newKeySet();

    /** @param sources peers that announce to have something of a model, asked again and again */
    public ShardFetch(
            Swarm swarm,
            Function<Hash, List<Source>> sources,
            Transfers transfers,
            RandomGenerator random,
            GridMetrics metrics,
            Consumer<ShardProgress> progress) {
        this.swarm = swarm;
        this.sources = sources;
        this.transfers = transfers;
        this.random = random;
        this.metrics = metrics;
        this.progress = progress;
    }

    /** Peers that sent bytes that were not what they claimed; never asked again in the life of this node. */
    public Set<PeerId> banned() {
        return Set.copyOf(banned);
    }

    // ---- the manifest

    /**
     * Gets and verifies the manifest of a model. Blocks.
     *
     * @throws GridException.ShardMissing if no peer had it within {@code limit}
     */
    public Manifest manifest(Hash model, Duration limit) throws GridException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        String last = "nobody who announces it";
        do {
            for (Source source : sources.apply(model)) {
                if (banned.contains(source.peer())) {
                    continue;
                }
                try {
                    return manifestFrom(source, model);
                } catch (WireException bad) {
                    ban(source.peer(), bad);
                    last = bad.getMessage();
                } catch (IOException gone) {
                    last = String.valueOf(gone.getMessage());
                }
            }
            synchronized (this) {
                wait(ASK_AGAIN_MILLIS);
            }
        } while (System.nanoTime() < deadline);
        throw new GridException.ShardMissing(
                "expected the manifest of " + model.brief() + " within " + limit.toSeconds() + " s, found: " + last);
    }

    private Manifest manifestFrom(Source source, Hash model) throws IOException {
        try (Stream stream = open(source)) {
            var whole = new ByteArrayOutputStream();
            int total;
            do {
                ShardMessage answer = ask(stream, new GetManifest(model, whole.size()));
                if (!(answer instanceof ManifestPart part)) {
                    throw unexpected("a part of the manifest", answer);
                }
                if (part.offset() != whole.size() || part.bytes().length == 0) {
                    throw new WireException("manifest part: expected bytes at " + whole.size() + ", found "
                            + part.bytes().length + " at " + part.offset());
                }
                total = part.total();
                whole.writeBytes(part.bytes());
            } while (whole.size() < total);
            return Manifest.decode(whole.toByteArray(), model);
        }
    }

    private Stream open(Source source) throws IOException {
        Stream stream = swarm.open(source.peer(), source.addresses(), ShardServer.PROTOCOL, Duration.ofSeconds(5));
        stream.timeout(LIMIT);
        return stream;
    }

    private static ShardMessage ask(Stream stream, ShardMessage question) throws IOException {
        send(stream, question);
        return receive(stream);
    }

    private static void send(Stream stream, ShardMessage question) throws IOException {
        Frames.write(stream.out(), question.encode());
        stream.out().flush();
    }

    private static ShardMessage receive(Stream stream) throws IOException {
        return ShardMessage.decode(Frames.require(stream.in(), ShardMessage.MAX_BYTES, "an answer"));
    }

    private static IOException unexpected(String expected, ShardMessage found) {
        return found instanceof Missing(var why)
                ? new IOException("expected " + expected + ", found: " + why)
                : new WireException(
                        "expected " + expected + ", found a " + found.getClass().getSimpleName());
    }

    private void ban(PeerId peer, WireException why) {
        if (banned.add(peer)) {
            metrics.count("shards.peers.dropped");
            LOG.warn("dropped {} as a source of shards: {}", peer, why.getMessage());
        }
    }

    // ---- shards

    /**
     * Fetches what {@code store} lacks of these shards. Blocks until all are whole.
     *
     * @throws GridException.ShardMissing if they were not within {@code limit}; what came is kept
     */
    public void shards(ShardStore store, Collection<Integer> shards, Duration limit)
            throws GridException, InterruptedException {
        var run = new Run(store, shards);
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (!run.done()) {
                if (System.nanoTime() >= deadline) {
                    throw new GridException.ShardMissing("expected all pieces within " + limit.toSeconds()
                            + " s, found " + run.missing() + " missing; last trouble: " + run.trouble);
                }
                run.startSources(sources.apply(store.root()));
                run.await(ASK_AGAIN_MILLIS);
            }
        } finally {
            run.stop();
        }
    }

    /** One call of {@link #shards}. */
    private final class Run {

        private record Wanted(int shard, int piece) {}

        private final ShardStore store;
        /** By shard: pieces that are neither stored nor asked for. */
        private final Map<Integer, BitSet> open = new HashMap<>();

        private final Map<PeerId, Thread> active = new HashMap<>();
        private final Map<PeerId, Integer> failures = new HashMap<>();
        private int missing;
        private boolean stopped;
        private String trouble = "no peer that has them";

        Run(ShardStore store, Collection<Integer> shards) {
            this.store = store;
            for (int shard : shards) {
                var pieces = new BitSet();
                pieces.set(0, store.manifest().shards().get(shard).pieces().size());
                pieces.andNot(store.pieces(shard));
                missing += pieces.cardinality();
                open.put(shard, pieces);
            }
        }

        synchronized boolean done() {
            return missing == 0;
        }

        synchronized int missing() {
            return missing;
        }

        /** Until another piece is here, at most so long. */
        synchronized void await(long millis) throws InterruptedException {
            int before = missing;
            long deadline = System.nanoTime() + 1_000_000 * millis;
            for (long left; missing == before && !stopped && (left = deadline - System.nanoTime()) > 0; ) {
                wait(left / 1_000_000 + 1);
            }
        }

        synchronized void startSources(List<Source> known) {
            for (Source source : known) {
                PeerId peer = source.peer();
                if (active.size() < MAX_SOURCES
                        && !active.containsKey(peer)
                        && !banned.contains(peer)
                        && failures.getOrDefault(peer, 0) < MAX_FAILURES) {
                    active.put(peer, Thread.ofVirtual().name("fetch " + peer).start(() -> fetchFrom(source)));
                }
            }
        }

        synchronized void stop() {
            stopped = true;
            notifyAll();
            active.values().forEach(Thread::interrupt);
        }

        private void fetchFrom(Source source) {
            var underWay = new ArrayDeque<Wanted>();
            try (Stream stream = ShardFetch.this.open(source)) {
                List<BitSet> have = have(stream);
                while (true) {
                    while (underWay.size() < UNDER_WAY) {
                        Wanted next = take(have);
                        if (next == null) {
                            break;
                        }
                        underWay.add(next);
                        send(stream, new GetPiece(store.root(), next.shard(), next.piece()));
                    }
                    if (!underWay.isEmpty()) {
                        store(receive(stream), underWay, source.peer(), have);
                    } else if (finished()) {
                        return;
                    } else {
                        await(ASK_AGAIN_MILLIS);
                        have = have(stream);
                    }
                }
            } catch (WireException bad) {
                metrics.count("shards.pieces.bad");
                ban(source.peer(), bad);
                failed(source.peer(), bad);
            } catch (IOException gone) {
                failed(source.peer(), gone);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } finally {
                giveBack(underWay, source.peer());
            }
        }

        private List<BitSet> have(Stream stream) throws IOException {
            ShardMessage answer = ask(stream, new GetHave(store.root()));
            if (!(answer instanceof Have have)) {
                throw unexpected("the pieces that the peer has", answer);
            }
            if (have.shards().size() != store.manifest().shards().size()) {
                throw new WireException(
                        "expected the pieces of " + store.manifest().shards().size() + " shards, found those of "
                                + have.shards().size());
            }
            return have.shards();
        }

        /** A piece to ask for, drawn from those that are open and that the peer has; null if there is none. */
        private synchronized @Nullable Wanted take(List<BitSet> have) {
            if (stopped) {
                return null;
            }
            Map<Integer, BitSet> offered = new HashMap<>();
            open.forEach((shard, pieces) -> {
                BitSet both = (BitSet) pieces.clone();
                both.and(have.get(shard));
                if (!both.isEmpty()) {
                    offered.put(shard, both);
                }
            });
            if (offered.isEmpty()) {
                return null;
            }
            List<Integer> shards = new ArrayList<>(offered.keySet());
            int shard = shards.get(drawn(shards.size()));
            BitSet pieces = Objects.requireNonNull(offered.get(shard));
            int piece = pieces.nextSetBit(drawn(pieces.length()));
            var wanted = new Wanted(shard, piece);
            of(wanted).clear(wanted.piece());
            return wanted;
        }

        private int drawn(int bound) {
            synchronized (random) {
                return random.nextInt(bound);
            }
        }

        private void store(ShardMessage answer, ArrayDeque<Wanted> underWay, PeerId from, List<BitSet> have)
                throws IOException {
            Wanted asked = underWay.getFirst();
            Shard shard = store.manifest().shards().get(asked.shard());
            if (answer instanceof Missing) {
                // it lost the piece since it said what it has
                have.get(asked.shard()).clear(asked.piece());
                underWay.removeFirst();
                synchronized (this) {
                    of(asked).set(asked.piece());
                }
                return;
            }
            if (!(answer instanceof Piece piece) || piece.shard() != asked.shard() || piece.piece() != asked.piece()) {
                throw unexpected("piece " + asked.piece() + " of " + shard.label(), answer);
            }
            boolean whole = store.put(asked.shard(), asked.piece(), piece.bytes());
            underWay.removeFirst();
            metrics.count("shards.pieces.received");
            metrics.add("shards.bytes.received", piece.bytes().length);
            transfers.moved(
                    store.root(), shard.label(), from.toString(), false, piece.bytes().length, shard.bytes(), whole);
            if (whole) {
                transfers.verified(store.root(), shard.label());
            }
            progress.accept(new ShardProgress(
                    store.root(), shard.label(), from.toString(), bytesHere(asked.shard()), shard.bytes(), whole));
            synchronized (this) {
                missing--;
                notifyAll();
            }
        }

        private long bytesHere(int index) {
            Shard shard = store.manifest().shards().get(index);
            return store.pieces(index).stream().mapToLong(shard::pieceBytes).sum();
        }

        private synchronized BitSet of(Wanted wanted) {
            return Objects.requireNonNull(open.get(wanted.shard()));
        }

        private synchronized boolean finished() {
            return stopped || missing == 0;
        }

        private synchronized void failed(PeerId peer, IOException why) {
            if (!stopped) {
                failures.merge(peer, 1, Integer::sum);
                trouble = String.valueOf(why.getMessage());
                metrics.count("shards.sources.failed");
                LOG.debug("source {} failed: {}", peer, trouble);
            }
        }

        private synchronized void giveBack(Collection<Wanted> underWay, PeerId peer) {
            underWay.forEach(wanted -> of(wanted).set(wanted.piece()));
            active.remove(peer);
            notifyAll();
        }
    }
}
