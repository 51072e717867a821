package io.infergrid.grid.exchange;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.grid.exchange.ShardMessage.GetHave;
import io.infergrid.grid.exchange.ShardMessage.GetManifest;
import io.infergrid.grid.exchange.ShardMessage.GetPiece;
import io.infergrid.grid.exchange.ShardMessage.Have;
import io.infergrid.grid.exchange.ShardMessage.ManifestPart;
import io.infergrid.grid.exchange.ShardMessage.Missing;
import io.infergrid.grid.exchange.ShardMessage.Piece;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.wire.Frames;
import io.infergrid.grid.wire.WireException;
import io.infergrid.libp2p.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** Offers the shards that this node has to whoever asks. */
public final class ShardServer {

    public static final String PROTOCOL = "/infergrid/shards/1";

    private static final Duration IDLE = Duration.ofSeconds(60);

    private final Function<Hash, Optional<HeldShards>> models;
    private final int uploadLimit;
    private final Transfers transfers;
    private final GridMetrics metrics;
    private final AtomicInteger uploads = new AtomicInteger();

    /** @param uploadLimit streams that are served at once; others are turned away */
    public ShardServer(
            Function<Hash, Optional<HeldShards>> models, int uploadLimit, Transfers transfers, GridMetrics metrics) {
        this.models = models;
        this.uploadLimit = uploadLimit;
        this.transfers = transfers;
        this.metrics = metrics;
    }

    public void serveOn(Swarm swarm) {
        swarm.serve(PROTOCOL, "shards", this::serve);
    }

    private void serve(Stream stream) throws IOException {
        stream.timeout(IDLE);
        boolean busy = uploads.incrementAndGet() > uploadLimit;
        try {
            for (byte[] frame; (frame = Frames.read(stream.in(), ShardMessage.MAX_BYTES)) != null; ) {
                ShardMessage answer = busy
                        ? new Missing("expected a free upload slot, found all " + uploadLimit + " taken")
                        : answer(ShardMessage.decode(frame), stream);
                Frames.write(stream.out(), answer.encode());
                stream.out().flush();
                if (busy) {
                    metrics.count("shards.uploads.refused");
                    break;
                }
            }
            stream.closeWrite();
        } finally {
            uploads.decrementAndGet();
        }
    }

    private ShardMessage answer(ShardMessage question, Stream stream) throws IOException {
        return switch (question) {
            case GetManifest(var model, var offset) ->
                models.apply(model).map(held -> part(held, offset)).orElseGet(() -> unknown(model));
            case GetHave(var model) ->
                models.apply(model).map(ShardServer::have).orElseGet(() -> unknown(model));
            case GetPiece get -> {
                var held = models.apply(get.model());
                yield held.isPresent() ? piece(held.get(), get, stream) : unknown(get.model());
            }
            default ->
                throw new WireException(
                        "expected a question, found a " + question.getClass().getSimpleName());
        };
    }

    private static ShardMessage unknown(Hash model) {
        return new Missing("expected a model that is known here, found " + model.brief());
    }

    private static ShardMessage part(HeldShards held, int offset) {
        byte[] manifest = held.manifest().encode();
        if (offset >= manifest.length) {
            return new Missing("expected an offset in " + manifest.length + " bytes of manifest, found " + offset);
        }
        int end = Math.min(manifest.length, offset + Shard.PIECE_BYTES);
        return new ManifestPart(manifest.length, offset, Arrays.copyOfRange(manifest, offset, end));
    }

    private static ShardMessage have(HeldShards held) {
        var shards = new ArrayList<BitSet>();
        for (int i = 0; i < held.manifest().shards().size(); i++) {
            shards.add(held.pieces(i));
        }
        return new Have(shards);
    }

    private ShardMessage piece(HeldShards held, GetPiece get, Stream stream) {
        if (get.shard() >= held.manifest().shards().size()
                || !held.pieces(get.shard()).get(get.piece())) {
            return new Missing("piece " + get.piece() + " of shard " + get.shard() + " is not here");
        }
        Shard shard = held.manifest().shards().get(get.shard());
        try {
            byte[] bytes = held.piece(get.shard(), get.piece());
            metrics.count("shards.pieces.sent");
            metrics.add("shards.bytes.sent", bytes.length);
            transfers.moved(
                    held.root(), shard.label(), stream.remote().toString(), true, bytes.length, shard.bytes(), true);
            return new Piece(get.shard(), get.piece(), bytes);
        } catch (IOException spoilt) {
            metrics.count("shards.pieces.spoilt");
            return new Missing("piece " + get.piece() + " of " + shard.label() + " cannot be read here");
        }
    }
}
