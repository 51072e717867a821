package io.infergrid.grid.exchange;

import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener.ShardProgress;
import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.GridSnapshot;
import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ProviderDirectory.Provider;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches shards of one model from all sources that it finds. Each source has a {@link SourceLink}; which piece is asked of whom the
 * {@link PiecePicker} decides; hashing and writing are done by threads of their own, so that the network never waits for them as long as
 * they keep up. Thread-safe: the monitor guards the picker and what is under way at each source.
 */
final class Download {

    /** Sources that are asked at once. */
    static final int MOST_SOURCES = 16;

    private static final Logger LOG = LoggerFactory.getLogger(Download.class);
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long TICK_MILLIS = 100;
    private static final long SYNC_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(15);
    private static final Duration LOOK = Duration.ofSeconds(10);
    private static final int ENOUGH_SOURCES = 8;
    private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int MOST_DOUBLINGS = 9;
    private static final int MOST_FOUND = 64;

    /** What all downloads of a node share. */
    record Shared(
            Swarm swarm,
            ProviderDirectory directory,
            Function<Hash, List<Provider>> announced,
            Bans bans,
            TokenBucket limit,
            ExecutorService workers,
            Semaphore verifying,
            ConcurrentLinkedQueue<byte[]> buffers,
            Transfers transfers,
            GridMetrics metrics,
            RandomGenerator random,
            LongSupplier nanos,
            PeerRates received,
            Consumer<ShardProgress> progress,
            News news) {}

    /** Hears of pieces that are here now. */
    interface News {
        void stored(Hash model, int shard, int piece, boolean whole);
    }

    /** Failures of a source, and when it is tried again. */
    private record Backoff(int failures, long until) {}

    private final Shared shared;
    private final ShardStore store;
    private final PieceNumbers numbers;
    private final PiecePicker<SourceLink> picker;
    private final BitSet shards = new BitSet();
    private final Map<PeerId, SourceLink> links = new HashMap<>();
    private final Map<PeerId, Backoff> backoff = new HashMap<>();
    private final Map<PeerId, Provider> found = new HashMap<>();
    private final RateMeter rate;
    /** By shard, pieces that are being stored and told of. */
    private final int[] inHand;

    private GridSnapshot.DownloadState state = GridSnapshot.DownloadState.DONE;
    /** Someone waits for it, or the user asked for it. */
    private int users;

    private boolean keptByUser;
    private int missing;
    private long bytesDone;
    private long bytesTotal;
    private long badPieces;
    private long syncedAt;
    private long lookedAt;
    private boolean looking;
    private String trouble = "no peer that has them";
    private @Nullable IOException disk;

    Download(Shared shared, ShardStore store) {
        this.shared = shared;
        this.store = store;
        numbers = new PieceNumbers(store.manifest());
        picker = new PiecePicker<>(numbers.count(), new Drawn(shared.random()));
        rate = new RateMeter(shared.nanos());
        inHand = new int[numbers.shards()];
        lookedAt = now() - LOOK_AGAIN_NANOS;
        syncedAt = now();
    }

    /** A generator that several threads share. */
    private record Drawn(RandomGenerator random) implements RandomGenerator {
        @Override
        public long nextLong() {
            synchronized (random) {
                return random.nextLong();
            }
        }
    }

    long now() {
        return shared.nanos().getAsLong();
    }

    Hash model() {
        return store.root();
    }

    ShardStore store() {
        return store;
    }

    // ---- what is wanted

    /** Adds shards; those that are here already cost nothing. */
    synchronized void want(Collection<Integer> wanted) {
        for (int shard : wanted) {
            Shard of = store.manifest().shards().get(shard);
            BitSet here = store.pieces(shard);
            boolean added = !shards.get(shard);
            if (added) {
                shards.set(shard);
                bytesTotal += of.bytes();
            }
            for (int piece = 0; piece < of.pieces().size(); piece++) {
                int number = numbers.of(shard, piece);
                if (added && here.get(piece)) {
                    picker.have(number);
                    picker.want(number);
                    bytesDone += of.pieceBytes(piece);
                } else if (added) {
                    picker.want(number);
                    missing++;
                } else if (!here.get(piece) && picker.isDone(number)) {
                    again(number);
                }
            }
        }
    }

    /** A piece was here and is not any more. */
    synchronized void lost(int shard, int piece) {
        int number = numbers.of(shard, piece);
        if (shards.get(shard) && picker.isDone(number)) {
            again(number);
            if (state == GridSnapshot.DownloadState.DONE && keptByUser) {
                run();
            }
        }
    }

    private void again(int number) {
        picker.lost(number);
        missing++;
        bytesDone -= shard(number).pieceBytes(numbers.piece(number));
    }

    Shard shard(int number) {
        return store.manifest().shards().get(numbers.shard(number));
    }

    /** Bytes that are still to come. */
    synchronized long bytesMissing() {
        return bytesTotal - bytesDone;
    }

    // ---- states

    /** Runs in the background until it is done, paused or cancelled. */
    synchronized void start() {
        keptByUser = true;
        run();
    }

    private void run() {
        if (state != GridSnapshot.DownloadState.RUNNING) {
            disk = null;
            backoff.clear();
            state = GridSnapshot.DownloadState.RUNNING;
            Thread.ofVirtual().name("download " + model().brief()).start(this::loop);
        }
    }

    synchronized void pause() {
        if (state == GridSnapshot.DownloadState.RUNNING) {
            end(GridSnapshot.DownloadState.PAUSED, "it was paused");
        }
    }

    synchronized void resume() {
        if (state == GridSnapshot.DownloadState.PAUSED || state == GridSnapshot.DownloadState.FAILED) {
            run();
        }
    }

    /** What came is kept. */
    synchronized void cancel() {
        keptByUser = false;
        if (state != GridSnapshot.DownloadState.DONE) {
            end(GridSnapshot.DownloadState.CANCELLED, "it was cancelled");
        }
    }

    private void end(GridSnapshot.DownloadState next, String why) {
        state = next;
        if (next != GridSnapshot.DownloadState.DONE) {
            trouble = why;
        }
        links.values().forEach(link -> link.abort(why));
        notifyAll();
    }

    private synchronized void diskFailed(IOException why) {
        disk = why;
        shared.metrics().count("shards.disk.failed");
        end(GridSnapshot.DownloadState.FAILED, "the disk failed: " + why.getMessage());
        LOG.warn("fetching {} stopped: {}", store.manifest().name(), why.toString());
    }

    synchronized boolean isRunning() {
        return state == GridSnapshot.DownloadState.RUNNING;
    }

    /**
     * Waits until these shards are whole.
     *
     * @throws GridException.ShardMissing if they were not within {@code limit}; what came is kept
     */
    void fetch(Collection<Integer> wanted, Duration limit) throws GridException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        synchronized (this) {
            want(wanted);
            users++;
            try {
                if (missing > 0 && state != GridSnapshot.DownloadState.PAUSED) {
                    run();
                }
                // and told of: whoever waits finds all news of it out
                while (!wanted.stream().allMatch(shard -> store.complete(shard) && inHand[shard] == 0)) {
                    if (disk != null) {
                        throw new UncheckedIOException("expected to store shards", disk);
                    }
                    long left = deadline - System.nanoTime();
                    if (left <= 0 || state == GridSnapshot.DownloadState.CANCELLED) {
                        throw new GridException.ShardMissing("expected all pieces within " + limit.toSeconds()
                                + " s, found " + missing + " missing; last trouble: " + trouble);
                    }
                    wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
                }
            } finally {
                users--;
                if (users == 0 && !keptByUser && missing > 0 && state == GridSnapshot.DownloadState.RUNNING) {
                    end(GridSnapshot.DownloadState.CANCELLED, trouble);
                }
            }
        }
    }

    // ---- the loop that looks for sources

    private void loop() {
        try {
            while (isRunning()) {
                List<Provider> announced = shared.announced().apply(model());
                synchronized (this) {
                    if (state != GridSnapshot.DownloadState.RUNNING) {
                        break;
                    }
                    if (missing == 0) {
                        end(GridSnapshot.DownloadState.DONE, "it is done");
                        break;
                    }
                    lookAround();
                    announced.forEach(this::tryOut);
                    List.copyOf(found.values()).forEach(this::tryOut);
                    dropSilent();
                    wait(TICK_MILLIS);
                }
                syncInTime();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            sync();
        }
    }

    private void syncInTime() {
        if (now() - syncedAt >= SYNC_NANOS) {
            sync();
        }
    }

    private void sync() {
        syncedAt = now();
        try {
            store.sync();
        } catch (IOException e) {
            if (isRunning()) {
                diskFailed(e);
            }
        }
    }

    /** Asks the directory, on a thread of its own, while there are few sources. Holds the monitor. */
    private void lookAround() {
        if (looking || links.size() >= ENOUGH_SOURCES || now() - lookedAt < LOOK_AGAIN_NANOS) {
            return;
        }
        looking = true;
        lookedAt = now();
        var keys = new ArrayList<Hash>();
        keys.add(model());
        // what nobody has whom we know may be found by its own name
        for (int shard = shards.nextSetBit(0); shard >= 0 && keys.size() < 4; shard = shards.nextSetBit(shard + 1)) {
            int first = numbers.of(shard, 0);
            if (!picker.isDone(first) && picker.copies(first) == 0 && !links.isEmpty()) {
                keys.add(store.manifest().shards().get(shard).root());
            }
        }
        Thread.ofVirtual().name("providers of " + model().brief()).start(() -> look(keys));
    }

    private void look(List<Hash> keys) {
        try {
            for (Hash key : keys) {
                List<Provider> providers = shared.directory().find(key, MOST_SOURCES, LOOK);
                synchronized (this) {
                    for (Provider provider : providers) {
                        if (found.size() < MOST_FOUND) {
                            found.put(provider.peer(), provider);
                        }
                    }
                    notifyAll();
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            synchronized (this) {
                looking = false;
            }
        }
    }

    /** Holds the monitor. */
    private void tryOut(Provider source) {
        PeerId peer = source.peer();
        Backoff waiting = backoff.get(peer);
        if (links.size() < MOST_SOURCES
                && !links.containsKey(peer)
                && !peer.equals(shared.swarm().self())
                && !shared.bans().contains(peer)
                && (waiting == null || now() - waiting.until() >= 0)) {
            var link = new SourceLink(this, numbers, source, new RateMeter(shared.nanos()), now());
            links.put(peer, link);
            Thread.ofVirtual().name("fetch " + peer).start(() -> follow(link));
        }
    }

    /** Holds the monitor. */
    private void dropSilent() {
        for (SourceLink link : links.values()) {
            boolean waiting = !link.known || (link.slot && !link.underWay.isEmpty());
            if (waiting && now() - link.movedAt > SILENCE_NANOS) {
                shared.metrics().count("shards.sources.silent");
                link.abort("expected an answer within " + TimeUnit.NANOSECONDS.toSeconds(SILENCE_NANOS)
                        + " s, found none");
            }
        }
    }

    private void follow(SourceLink link) {
        String why = "it ended";
        try {
            link.run();
        } catch (WireException bad) {
            shared.bans().badMessages(link.peer(), String.valueOf(bad.getMessage()));
            why = String.valueOf(bad.getMessage());
        } catch (IOException gone) {
            why = String.valueOf(gone.getMessage());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            left(link, why);
        }
    }

    private synchronized void left(SourceLink link, String why) {
        picker.sourceLeft(link);
        links.remove(link.peer(), link);
        if (state == GridSnapshot.DownloadState.RUNNING && missing > 0) {
            trouble = why;
            shared.metrics().count("shards.sources.failed");
            LOG.debug("source {} failed: {}", link.peer(), why);
            Backoff before = backoff.get(link.peer());
            // a source that gave something begins anew
            int failures = before == null || link.rate.total() > 0 ? 1 : before.failures() + 1;
            long pause = FIRST_BACKOFF_NANOS << Math.min(failures - 1, MOST_DOUBLINGS);
            backoff.put(link.peer(), new Backoff(failures, now() + pause));
            pumpAll();
        }
        notifyAll();
    }

    // ---- called by links

    Stream open(Provider source) throws IOException {
        Stream stream = shared.swarm().open(source.peer(), source.addresses(), ShardServer.PROTOCOL, CONNECT);
        stream.timeout(Duration.ZERO); // the loop looks after silence: a peer may have nothing to say for long
        return stream;
    }

    synchronized void sourceHas(SourceLink link, BitSet pieces) throws IOException {
        if (links.get(link.peer()) == link) {
            link.known = true;
            picker.sourceHas(link, pieces);
            link.interested(picker.interesting(link));
            pump(link);
        }
    }

    synchronized void sourceGained(SourceLink link, int number) throws IOException {
        picker.sourceGained(link, number);
        if (!link.interested && shards.get(numbers.shard(number)) && !picker.isDone(number)) {
            link.interested(true);
        }
    }

    synchronized void sourceLost(SourceLink link, int number) {
        picker.sourceLost(link, number);
    }

    synchronized void slot(SourceLink link, boolean open) throws IOException {
        link.slot = open;
        pump(link);
    }

    /** False if it was not asked for. */
    synchronized boolean declined(SourceLink link, int number, ShardMessage.Reason reason) {
        Boolean wanted = link.underWay.remove(number);
        if (wanted == null) {
            return false;
        }
        if (reason == ShardMessage.Reason.NOT_HERE) {
            picker.sourceLost(link, number);
        }
        picker.returned(link, number);
        pumpAll();
        return true;
    }

    private synchronized void pumpAll() {
        for (SourceLink link : List.copyOf(links.values())) {
            try {
                pump(link);
            } catch (IOException full) {
                link.abort(String.valueOf(full.getMessage()));
            }
        }
    }

    /** Asks for as much as the source may be asked for. */
    synchronized void pump(SourceLink link) throws IOException {
        if (state != GridSnapshot.DownloadState.RUNNING || !link.slot || links.get(link.peer()) != link) {
            return;
        }
        int depth = RequestDepth.of(link.rate.bytesPerSecond(), link.roundTripNanos, Shard.PIECE_BYTES);
        while (link.underWay.size() < depth) {
            int number = picker.pick(link);
            if (number < 0) {
                if (link.underWay.isEmpty() && !picker.interesting(link)) {
                    link.interested(false);
                }
                return;
            }
            if (link.underWay.containsKey(number)) {
                picker.returned(link, number); // cancelled there, and not answered yet
                return;
            }
            link.ask(number, now());
        }
    }

    byte[] takeBuffer() {
        byte[] buffer = shared.buffers().poll();
        return buffer == null ? new byte[Shard.PIECE_BYTES] : buffer;
    }

    void giveBack(byte[] buffer) {
        shared.buffers().add(buffer);
    }

    void received(SourceLink link, int bytes) throws InterruptedException {
        link.rate.add(bytes);
        rate.add(bytes);
        shared.received().add(link.peer(), bytes);
        shared.limit().take(bytes);
    }

    /** Hashes and stores a piece on another thread; waits while too many are in hand. */
    void verify(SourceLink link, int number, byte[] bytes, int length) throws InterruptedException {
        shared.verifying().acquire();
        try {
            shared.workers().execute(() -> {
                try {
                    store(link, number, bytes, length);
                } finally {
                    giveBack(bytes);
                    shared.verifying().release();
                }
            });
        } catch (java.util.concurrent.RejectedExecutionException closing) {
            shared.verifying().release();
        }
    }

    private void store(SourceLink link, int number, byte[] bytes, int length) {
        Shard shard = shard(number);
        int index = numbers.shard(number);
        int piece = numbers.piece(number);
        synchronized (this) {
            if (picker.isDone(number)) {
                shared.metrics().count("shards.pieces.duplicate");
                picker.returned(link, number);
                return;
            }
        }
        if (!shard.verifies(piece, bytes, length)) {
            badPiece(link, number, bytes, length);
            return;
        }
        synchronized (this) {
            inHand[index]++;
        }
        try {
            keep(link, number, bytes, length);
        } finally {
            synchronized (this) {
                inHand[index]--;
                notifyAll();
            }
        }
    }

    private void keep(SourceLink link, int number, byte[] bytes, int length) {
        Shard shard = shard(number);
        int index = numbers.shard(number);
        int piece = numbers.piece(number);
        boolean whole;
        try {
            whole = store.putVerified(index, piece, bytes);
        } catch (IOException e) {
            diskFailed(e);
            return;
        }
        if (!arrived(link, number, length)) {
            shared.metrics().count("shards.pieces.duplicate"); // stored twice with the same bytes
            return;
        }
        shared.metrics().count("shards.pieces.received");
        shared.metrics().add("shards.bytes.received", length);
        String from = link.peer().toString();
        shared.transfers().moved(model(), shard.label(), from, false, length, shard.bytes(), whole);
        if (whole) {
            shared.transfers().verified(model(), shard.label());
        }
        shared.news().stored(model(), index, piece, whole);
        shared.progress()
                .accept(new ShardProgress(model(), shard.label(), from, store.bytesHere(index), shard.bytes(), whole));
    }

    private void badPiece(SourceLink link, int number, byte[] bytes, int length) {
        Shard shard = shard(number);
        int piece = numbers.piece(number);
        String why = "expected piece " + piece + " of " + shard.label() + " with its hash, found other bytes";
        shared.bans().badPiece(link.peer(), model(), shard.label(), piece, bytes, length, why);
        synchronized (this) {
            badPieces++;
            picker.returned(link, number);
        }
        link.abort(why);
    }

    /** False if it was there already. */
    private synchronized boolean arrived(SourceLink link, int number, int bytes) {
        if (picker.isDone(number)) {
            picker.returned(link, number);
            return false;
        }
        for (SourceLink other : picker.arrived(link, number)) {
            try {
                other.cancel(number);
            } catch (IOException full) {
                other.abort(String.valueOf(full.getMessage()));
            }
        }
        missing--;
        bytesDone += bytes;
        return true;
    }

    // ---- for people

    synchronized GridSnapshot.Download view() {
        long perSecond = state == GridSnapshot.DownloadState.RUNNING ? rate.bytesPerSecond() : 0;
        var sources = new ArrayList<GridSnapshot.Source>();
        for (SourceLink link : links.values()) {
            sources.add(new GridSnapshot.Source(
                    link.peer().toString(),
                    link.rate.bytesPerSecond(),
                    link.rate.total(),
                    link.underWay.size(),
                    link.slot));
        }
        return new GridSnapshot.Download(
                model(),
                store.manifest().name(),
                state,
                bytesDone,
                bytesTotal,
                perSecond,
                perSecond == 0 ? Duration.ZERO : Duration.ofSeconds((bytesTotal - bytesDone) / perSecond),
                missing,
                badPieces,
                state == GridSnapshot.DownloadState.DONE ? "" : trouble,
                sources);
    }
}
