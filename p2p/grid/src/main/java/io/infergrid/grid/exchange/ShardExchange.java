package io.infergrid.grid.exchange;

import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener.ShardProgress;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.GridSnapshot;
import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ProviderDirectory.Provider;
import io.infergrid.grid.exchange.ShardMessage.GetManifest;
import io.infergrid.grid.exchange.ShardMessage.ManifestPart;
import io.infergrid.grid.exchange.ShardMessage.Missing;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Shards from and to peers, both ways: the downloads of this node, and what it sends others. Thread-safe.
 */
public final class ShardExchange implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final long ASK_AGAIN_MILLIS = 100;
    private static final int MOST_MANIFEST_SOURCES = 16;

    /**
     * How much of this rig the exchange may take.
     *
     * @param uploadSlots peers that may fetch at once; 0 to send nothing
     * @param upBytesPerSecond for all uploads together, 0 for no limit
     * @param downBytesPerSecond for all downloads together, 0 for no limit
     */
    public record Limits(int uploadSlots, long upBytesPerSecond, long downBytesPerSecond) {
        public Limits {
            if (uploadSlots < 0 || upBytesPerSecond < 0 || downBytesPerSecond < 0) {
                throw new IllegalArgumentException("expected upload slots and rates of 0 or more, found " + uploadSlots
                        + ", " + upBytesPerSecond + ", " + downBytesPerSecond);
            }
        }
    }

    /** Hears of changes of what this node has. */
    public interface News {

        /** A piece was fetched and stored. */
        void stored(Hash model, int shard, boolean whole);

        /** A piece that was here rotted. */
        void spoilt(Hash model, int shard);
    }

    private final Swarm swarm;
    private final ProviderDirectory directory;
    private final Function<Hash, List<Provider>> announced;
    private final Transfers transfers = new Transfers();
    private final Bans bans;
    private final ExecutorService workers;
    private final ShardServer server;
    private final Download.Shared shared;
    private final Map<Hash, Download> downloads = new LinkedHashMap<>();
    private final Thread rounds;

    /**
     * @param announced peers that say they have something of a model, asked again and again
     * @param models what this node has
     * @param folder for bans and their proofs
     */
    public ShardExchange(
            Swarm swarm,
            ProviderDirectory directory,
            Function<Hash, List<Provider>> announced,
            Function<Hash, Optional<HeldShards>> models,
            Path folder,
            Limits limits,
            Clock clock,
            RandomGenerator random,
            GridMetrics metrics,
            Consumer<ShardProgress> progress,
            News news) {
        this.swarm = swarm;
        this.directory = directory;
        this.announced = announced;
        bans = new Bans(folder, clock, metrics);
        int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 8);
        workers = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("shard-worker-", 0).factory());
        var received = new PeerRates(System::nanoTime);
        server = new ShardServer(
                models,
                limits.uploadSlots(),
                new TokenBucket(limits.upBytesPerSecond(), System::nanoTime),
                workers,
                transfers,
                metrics,
                bans,
                System::nanoTime,
                received::bytesPerSecond,
                this::fetches,
                (model, shard, piece) -> {
                    download(model).ifPresent(download -> download.lost(shard, piece));
                    news.spoilt(model, shard);
                });
        shared = new Download.Shared(
                swarm,
                directory,
                announced,
                bans,
                new TokenBucket(limits.downBytesPerSecond(), System::nanoTime),
                workers,
                new Semaphore(2 * threads),
                new ConcurrentLinkedQueue<>(),
                transfers,
                metrics,
                random,
                System::nanoTime,
                received,
                progress,
                new Download.News() {
                    @Override
                    public void stored(Hash model, int shard, int piece, boolean whole) {
                        server.gained(model, shard, piece);
                        news.stored(model, shard, whole);
                    }
                });
        rounds = Thread.ofVirtual().name("upload slots").unstarted(this::rounds);
    }

    /** Serves the protocol and begins to decide who may fetch. */
    public void start() {
        server.serveOn(swarm);
        rounds.start();
    }

    private void rounds() {
        try {
            while (true) {
                TimeUnit.NANOSECONDS.sleep(ShardServer.ROUND.toNanos());
                server.round();
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean fetches() {
        return all().stream().anyMatch(Download::isRunning);
    }

    private List<Download> all() {
        synchronized (downloads) {
            return List.copyOf(downloads.values());
        }
    }

    private Optional<Download> download(Hash model) {
        synchronized (downloads) {
            return Optional.ofNullable(downloads.get(model));
        }
    }

    private Download download(ShardStore store) {
        synchronized (downloads) {
            Download known = downloads.get(store.root());
            if (known == null || known.store() != store) {
                known = new Download(shared, store);
                downloads.put(store.root(), known);
            }
            return known;
        }
    }

    // ---- downloads

    /**
     * Fetches what {@code store} lacks of these shards. Blocks until all are whole.
     *
     * @throws GridException.ShardMissing if they were not within {@code limit}; what came is kept
     */
    public void fetch(ShardStore store, Collection<Integer> shards, Duration limit)
            throws GridException, InterruptedException {
        download(store).fetch(shards, limit);
    }

    /** Fetches these shards in the background, until they are whole or it is paused or cancelled. */
    public void start(ShardStore store, Collection<Integer> shards) {
        Download download = download(store);
        download.want(shards);
        download.start();
    }

    /** False if nothing of the model is fetched. */
    public boolean pause(Hash model) {
        return download(model)
                .map(download -> {
                    download.pause();
                    return true;
                })
                .orElse(false);
    }

    /** Goes on with what was paused or failed; false if nothing of the model is fetched. */
    public boolean resume(Hash model) {
        return download(model)
                .map(download -> {
                    download.resume();
                    return true;
                })
                .orElse(false);
    }

    /** Ends a download; what came is kept. False if nothing of the model is fetched. */
    public boolean cancel(Hash model) {
        return download(model)
                .map(download -> {
                    download.cancel();
                    return true;
                })
                .orElse(false);
    }

    /** Ends a download and forgets it. */
    public void forget(Hash model) {
        Download gone;
        synchronized (downloads) {
            gone = downloads.remove(model);
        }
        if (gone != null) {
            gone.cancel();
        }
    }

    /** Whether pieces of that shard are being fetched, or are on their way to a peer. */
    public boolean busy(Hash model, int shard) {
        return server.sends(model, shard)
                || download(model).filter(Download::isRunning).isPresent();
    }

    /** Bytes that are still to come of models that are fetched now, but for {@code besides}. */
    public long bytesMissing(@Nullable Hash besides) {
        return all().stream()
                .filter(download -> download.isRunning() && !download.model().equals(besides))
                .mapToLong(Download::bytesMissing)
                .sum();
    }

    /** A shard is deleted: tells followers, and forgets the download that brought it. */
    public void removed(HeldShards held, int shard) {
        synchronized (downloads) {
            Download download = downloads.get(held.root());
            if (download != null && !download.isRunning()) {
                downloads.remove(held.root());
            }
        }
        for (int piece = 0; piece < held.manifest().shards().get(shard).pieces().size(); piece++) {
            server.lost(held.root(), shard, piece);
        }
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
        long nextLook = System.nanoTime();
        var found = new ArrayList<Provider>();
        do {
            var sources = new LinkedHashMap<PeerId, Provider>();
            found.forEach(source -> sources.put(source.peer(), source));
            announced.apply(model).forEach(source -> sources.put(source.peer(), source));
            for (Provider source : sources.values()) {
                if (bans.contains(source.peer()) || source.peer().equals(swarm.self())) {
                    continue;
                }
                try {
                    return manifestFrom(source, model);
                } catch (WireException bad) {
                    last = bad.getMessage();
                } catch (IOException gone) {
                    last = String.valueOf(gone.getMessage());
                }
            }
            if (System.nanoTime() - nextLook >= 0) { // and again: what somebody provides may be told only now
                Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
                found.addAll(directory.find(model, MOST_MANIFEST_SOURCES, left.compareTo(LOOK) < 0 ? left : LOOK));
                nextLook = System.nanoTime() + LOOK.toNanos();
            } else {
                Thread.sleep(ASK_AGAIN_MILLIS);
            }
        } while (System.nanoTime() < deadline);
        throw new GridException.ShardMissing(
                "expected the manifest of " + model.brief() + " within " + limit.toSeconds() + " s, found: " + last);
    }

    private Manifest manifestFrom(Provider source, Hash model) throws IOException {
        byte[] whole;
        try (Stream stream =
                swarm.open(source.peer(), source.addresses(), ShardServer.PROTOCOL, Duration.ofSeconds(5))) {
            stream.timeout(LIMIT);
            whole = manifestBytes(stream, model);
        } catch (WireException bad) {
            bans.badMessages(source.peer(), String.valueOf(bad.getMessage()));
            throw bad;
        }
        try {
            return Manifest.decode(whole, model);
        } catch (WireException bad) {
            bans.badManifest(source.peer(), model, String.valueOf(bad.getMessage()));
            throw bad;
        }
    }

    private static byte[] manifestBytes(Stream stream, Hash model) throws IOException {
        var whole = new ByteArrayOutputStream();
        int total = 0;
        do {
            Frames.write(stream.out(), new GetManifest(model, whole.size()).encode());
            stream.out().flush();
            ShardMessage answer =
                    ShardMessage.decode(Frames.require(stream.in(), ShardMessage.MAX_BYTES, "a manifest"));
            switch (answer) {
                case Missing(var why) -> throw new IOException("found: " + why);
                case ManifestPart part -> {
                    int expected = whole.size() == 0 ? part.total() : total;
                    if (part.offset() != whole.size()
                            || part.bytes().length == 0
                            || part.total() != expected
                            || part.bytes().length > expected - whole.size()) {
                        throw new WireException("manifest part: expected bytes at " + whole.size() + " of " + expected
                                + ", found " + part.bytes().length + " at " + part.offset() + " of " + part.total());
                    }
                    total = expected;
                    whole.writeBytes(part.bytes());
                }
                case ShardMessage other ->
                    throw new WireException("expected a part of the manifest, found a "
                            + other.getClass().getSimpleName());
            }
        } while (whole.size() < total);
        return whole.toByteArray();
    }

    // ---- for people

    public Bans bans() {
        return bans;
    }

    public List<GridSnapshot.Transfer> transfers() {
        return transfers.list();
    }

    /** In the order that they were begun. */
    public List<GridSnapshot.Download> downloadViews() {
        return all().stream().map(Download::view).toList();
    }

    public List<GridSnapshot.Upload> uploadViews() {
        return server.view();
    }

    /** Ends downloads; what came is kept. */
    @Override
    public void close() {
        rounds.interrupt();
        all().forEach(Download::cancel);
        workers.shutdown();
        try {
            if (!workers.awaitTermination(5, TimeUnit.SECONDS)) {
                workers.shutdownNow();
            }
        } catch (InterruptedException e) {
            workers.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
