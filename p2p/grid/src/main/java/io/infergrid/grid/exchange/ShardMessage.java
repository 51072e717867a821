package io.infergrid.grid.exchange;

import io.infergrid.grid.Hash;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.Shard;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Messages of {@code /infergrid/shards/1}. The side that opened the stream asks, the other answers in the order of the questions. */
public sealed interface ShardMessage {

    /** Longest message: a piece, or a part of a manifest, with its head. */
    int MAX_BYTES = Shard.PIECE_BYTES + 64;

    // ---- questions

    /** For the manifest's bytes from {@code offset} on. */
    record GetManifest(Hash model, int offset) implements ShardMessage {}

    /** Which pieces the peer has. */
    record GetHave(Hash model) implements ShardMessage {}

    record GetPiece(Hash model, int shard, int piece) implements ShardMessage {}

    // ---- answers

    /** A part of the encoded manifest; {@code total} is the whole's length. */
    record ManifestPart(int total, int offset, byte[] bytes) implements ShardMessage {}

    /** By shard, the pieces that are there. */
    record Have(List<BitSet> shards) implements ShardMessage {}

    record Piece(int shard, int piece, byte[] bytes) implements ShardMessage {}

    /** What was asked for is not here. */
    record Missing(String why) implements ShardMessage {}

    default byte[] encode() {
        var out = new WireWriter();
        switch (this) {
            case GetManifest(var model, var offset) -> out.u8(1).hash(model).i32(offset);
            case GetHave(var model) -> out.u8(2).hash(model);
            case GetPiece(var model, var shard, var piece) ->
                out.u8(3).hash(model).u16(shard).i32(piece);
            case ManifestPart(var total, var offset, var bytes) ->
                out.u8(4).i32(total).i32(offset).blob(bytes);
            case Have(var shards) -> {
                out.u8(5).u16(shards.size());
                shards.forEach(pieces -> out.blob(pieces.toByteArray()));
            }
            case Piece(var shard, var piece, var bytes) ->
                out.u8(6).u16(shard).i32(piece).blob(bytes);
            case Missing(var why) -> out.u8(7).text(why.length() > 200 ? why.substring(0, 200) : why);
        }
        return out.toBytes();
    }

    static ShardMessage decode(byte[] bytes) throws WireException {
        var in = new WireReader(bytes);
        int type = in.u8("shard message");
        ShardMessage message = switch (type) {
            case 1 -> new GetManifest(in.hash("model"), in.i32("manifest offset", 0, Manifest.MAX_BYTES));
            case 2 -> new GetHave(in.hash("model"));
            case 3 -> new GetPiece(in.hash("model"), in.u16("shard"), in.i32("piece", 0, 1 << 18));
            case 4 ->
                new ManifestPart(
                        in.i32("manifest bytes", 1, Manifest.MAX_BYTES),
                        in.i32("manifest offset", 0, Manifest.MAX_BYTES),
                        in.blob("manifest part", Shard.PIECE_BYTES));
            case 5 -> have(in);
            case 6 -> new Piece(in.u16("shard"), in.i32("piece", 0, 1 << 18), in.blob("piece", Shard.PIECE_BYTES));
            case 7 -> new Missing(in.text("reason", 1024));
            default -> throw new WireException("expected a shard message of type 1 to 7, found " + type);
        };
        in.end("shard message");
        return message;
    }

    private static Have have(WireReader in) throws WireException {
        int count = in.u16("shards", 0, 1027);
        var shards = new ArrayList<BitSet>();
        for (int i = 0; i < count; i++) {
            shards.add(BitSet.valueOf(in.blob("pieces", (1 << 18) / 8)));
        }
        return new Have(shards);
    }
}
