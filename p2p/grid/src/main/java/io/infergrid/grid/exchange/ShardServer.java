package io.infergrid.grid.exchange;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.GridSnapshot;
import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ShardMessage.Cancel;
import io.infergrid.grid.exchange.ShardMessage.Follow;
import io.infergrid.grid.exchange.ShardMessage.GetManifest;
import io.infergrid.grid.exchange.ShardMessage.GetPiece;
import io.infergrid.grid.exchange.ShardMessage.Interest;
import io.infergrid.grid.exchange.ShardMessage.ManifestPart;
import io.infergrid.grid.exchange.ShardMessage.Missing;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Offers the shards that this node has to whoever asks: tells followers what it has and what it gets, and sends pieces to those whom the
 * {@link Choker} gave a slot. Thread-safe.
 */
public final class ShardServer {

    public static final String PROTOCOL = "/infergrid/shards/2";

    /** Time between two decisions on who has a slot. */
    static final Duration ROUND = Duration.ofSeconds(10);

    private static final Duration IDLE = Duration.ofMinutes(5);
    private static final int STREAMS = 256;
    private static final int STREAMS_A_PEER = 8;
    /** Manifest bytes that one stream may ask for: the largest, read twice. */
    private static final long MANIFEST_BYTES = 2L * Manifest.MAX_BYTES;

    private final Function<Hash, Optional<HeldShards>> models;
    private final int slots;
    private final TokenBucket limit;
    private final ExecutorService disk;
    private final Transfers transfers;
    private final GridMetrics metrics;
    private final Bans bans;
    private final LongSupplier nanos;
    private final ToLongFunction<PeerId> givesUs;
    private final BooleanSupplier fetching;
    private final Upload.Sent sent = new Upload.Sent() {
        @Override
        public void block(Upload upload, int shard, int bytes, boolean last) {
            blockSent(upload, shard, bytes, last);
        }

        @Override
        public void spoilt(HeldShards held, int shard, int piece) {
            metrics.count("shards.pieces.spoilt");
            lost(held.root(), shard, piece);
            spoiltHere.lost(held.root(), shard, piece);
        }
    };
    private final SpoiltHere spoiltHere;

    private final Choker<Upload> choker;
    private final Map<Upload, Long> uploads = new LinkedHashMap<>();
    private final Map<PeerId, Integer> streams = new HashMap<>();
    private int streamsInAll;
    private long order;

    /** Hears of a piece that was here and cannot be read any more. */
    interface SpoiltHere {
        void lost(Hash model, int shard, int piece);
    }

    /**
     * @param models what is here, by model root
     * @param slots peers that may fetch at once
     * @param limit for all of them together
     * @param disk threads that read pieces
     * @param givesUs bytes a second that a peer sends this node
     * @param fetching whether this node fetches something itself
     */
    ShardServer(
            Function<Hash, Optional<HeldShards>> models,
            int slots,
            TokenBucket limit,
            ExecutorService disk,
            Transfers transfers,
            GridMetrics metrics,
            Bans bans,
            LongSupplier nanos,
            ToLongFunction<PeerId> givesUs,
            BooleanSupplier fetching,
            SpoiltHere spoiltHere) {
        this.models = models;
        this.slots = slots;
        this.limit = limit;
        this.disk = disk;
        this.transfers = transfers;
        this.metrics = metrics;
        this.bans = bans;
        this.nanos = nanos;
        this.givesUs = givesUs;
        this.fetching = fetching;
        this.spoiltHere = spoiltHere;
        choker = new Choker<>(slots);
    }

    void serveOn(Swarm swarm) {
        swarm.serve(PROTOCOL, "shards", this::serve);
    }

    // ---- streams

    private void serve(Stream stream) throws IOException, InterruptedException {
        PeerId peer = stream.remote();
        if (bans.contains(peer)) {
            metrics.count("shards.uploads.banned");
            stream.reset();
            return;
        }
        if (!enter(peer)) {
            metrics.count("shards.uploads.refused");
            refuse(stream);
            return;
        }
        Upload upload = null;
        Thread sender = null;
        stream.timeout(IDLE);
        try {
            long manifestBytes = 0;
            for (byte[] frame; (frame = Frames.read(stream.in(), ShardMessage.MAX_QUESTION_BYTES)) != null; ) {
                switch (ShardMessage.decode(frame)) {
                    case GetManifest(var model, var offset) -> {
                        if (upload != null) {
                            throw new WireException(
                                    "expected questions for pieces after a follow, found one for a" + " manifest");
                        }
                        manifestBytes += sendManifest(stream, model, offset);
                        if (manifestBytes > MANIFEST_BYTES) {
                            throw new WireException("expected questions for up to " + MANIFEST_BYTES
                                    + " bytes of manifests on a stream, found more");
                        }
                    }
                    case Follow(var model) -> {
                        if (upload != null) {
                            throw new WireException("expected one follow on a stream, found two");
                        }
                        Optional<HeldShards> held = models.apply(model);
                        if (held.isEmpty()) {
                            send(stream, unknown(model));
                            stream.closeWrite();
                            return;
                        }
                        upload = follow(peer, held.get());
                        sender = startSender(upload, stream);
                    }
                    case Interest(var interested) -> {
                        followed(upload).interested(interested);
                        fillSlots();
                    }
                    case GetPiece(var shard, var piece) -> {
                        metrics.count("shards.questions");
                        followed(upload).ask(shard, piece);
                    }
                    case Cancel(var shard, var piece) -> followed(upload).cancel(shard, piece);
                    case ShardMessage other ->
                        throw new WireException("expected a question, found a "
                                + other.getClass().getSimpleName());
                }
            }
            stream.closeWrite();
        } catch (WireException bad) {
            bans.badMessages(peer, String.valueOf(bad.getMessage()));
            throw bad;
        } finally {
            leave(peer);
            if (upload != null) {
                unfollow(upload);
            }
            if (sender != null) {
                stream.reset(); // a sender that waits for a peer that does not read
                sender.join();
            }
        }
    }

    private void refuse(Stream stream) throws IOException {
        if (Frames.read(stream.in(), ShardMessage.MAX_QUESTION_BYTES) != null) {
            send(stream, new Missing("expected a free upload slot, found all " + slots + " taken"));
        }
        stream.closeWrite();
    }

    private synchronized boolean enter(PeerId peer) {
        int own = streams.getOrDefault(peer, 0);
        if (slots == 0 || streamsInAll >= STREAMS || own >= STREAMS_A_PEER) {
            return false;
        }
        streamsInAll++;
        streams.put(peer, own + 1);
        return true;
    }

    private synchronized void leave(PeerId peer) {
        streamsInAll--;
        streams.computeIfPresent(peer, (p, count) -> count == 1 ? null : count - 1);
    }

    private static Upload followed(@Nullable Upload upload) throws WireException {
        if (upload == null) {
            throw new WireException("expected a follow before questions for pieces, found none");
        }
        return upload;
    }

    private static void send(Stream stream, ShardMessage message) throws IOException {
        Frames.write(stream.out(), message.encode());
        stream.out().flush();
    }

    private static Missing unknown(Hash model) {
        return new Missing("expected a model that is known here, found " + model.brief());
    }

    private long sendManifest(Stream stream, Hash model, int offset) throws IOException {
        Optional<HeldShards> held = models.apply(model);
        if (held.isEmpty()) {
            send(stream, unknown(model));
            return 1;
        }
        byte[] manifest = held.get().manifest().encode();
        if (offset >= manifest.length) {
            throw new WireException("expected an offset in " + manifest.length + " bytes of manifest, found " + offset);
        }
        int end = Math.min(manifest.length, offset + Shard.PIECE_BYTES);
        send(stream, new ManifestPart(manifest.length, offset, Arrays.copyOfRange(manifest, offset, end)));
        return end - offset;
    }

    // ---- followers

    private Upload follow(PeerId peer, HeldShards held) {
        synchronized (this) {
            // what comes while the first have-map is drawn up is told of once more
            var upload = new Upload(
                    peer,
                    held,
                    new PieceNumbers(held.manifest()),
                    disk,
                    limit,
                    sent,
                    new RateMeter(nanos),
                    ShardMessage.MAX_ASKED);
            uploads.put(upload, order++);
            return upload;
        }
    }

    private static Thread startSender(Upload upload, Stream stream) {
        return Thread.ofVirtual().name("upload " + upload.peer()).start(() -> {
            try {
                upload.sendTo(stream);
            } catch (IOException | InterruptedException gone) {
                stream.reset();
            } finally {
                upload.close();
            }
        });
    }

    private void unfollow(Upload upload) {
        upload.close();
        synchronized (this) {
            uploads.remove(upload);
        }
        fillSlots();
    }

    private synchronized List<Upload> following(Hash model) {
        return uploads.keySet().stream()
                .filter(upload -> upload.held().root().equals(model))
                .toList();
    }

    /** Tells followers of a piece that came. */
    void gained(Hash model, int shard, int piece) {
        following(model).forEach(upload -> upload.gained(shard, piece));
    }

    /** Tells followers of a piece that is here no more. */
    void lost(Hash model, int shard, int piece) {
        following(model).forEach(upload -> upload.lost(shard, piece));
    }

    /** Whether a piece of that shard is on its way to someone. */
    boolean sends(Hash model, int shard) {
        return following(model).stream().anyMatch(upload -> upload.sends(shard));
    }

    // ---- slots

    /** Gives slots that are free to whoever wants one, at once. */
    private synchronized void fillSlots() {
        long open = uploads.keySet().stream()
                .filter(upload -> upload.open() && upload.interested())
                .count();
        for (Upload upload : uploads.keySet()) {
            if (upload.open() && !upload.interested()) {
                upload.slot(false);
            }
        }
        for (Upload upload : uploads.keySet()) {
            if (open < slots && upload.interested() && !upload.open()) {
                upload.slot(true);
                open++;
            }
        }
    }

    /** Decides anew who has a slot; called once a {@link #ROUND}. */
    synchronized void round() {
        var applicants = new ArrayList<Choker.Applicant<Upload>>();
        for (Upload upload : uploads.keySet()) {
            if (upload.interested()) {
                applicants.add(new Choker.Applicant<>(
                        upload, givesUs.applyAsLong(upload.peer()), upload.rate.bytesPerSecond()));
            }
        }
        Set<Upload> chosen = choker.next(applicants, fetching.getAsBoolean());
        uploads.keySet().forEach(upload -> upload.slot(chosen.contains(upload)));
    }

    private void blockSent(Upload upload, int shard, int bytes, boolean last) {
        metrics.add("shards.bytes.sent", bytes);
        if (last) {
            metrics.count("shards.pieces.sent");
        }
        Shard of = upload.held().manifest().shards().get(shard);
        transfers.moved(upload.held().root(), of.label(), upload.peer().toString(), true, bytes, of.bytes(), true);
    }

    synchronized List<GridSnapshot.Upload> view() {
        return uploads.keySet().stream()
                .filter(upload -> upload.interested() || upload.rate.total() > 0)
                .map(upload -> new GridSnapshot.Upload(
                        upload.held().root(),
                        upload.held().manifest().name(),
                        upload.peer().toString(),
                        upload.open(),
                        upload.rate.total(),
                        upload.rate.bytesPerSecond()))
                .toList();
    }
}
