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

/**
 * Messages of {@code /infergrid/shards/2}. The side that opened the stream asks and the other answers. A piece travels in blocks, one
 * piece after the other; each question for a piece ends with its last block or with {@link Declined}, in any order.
 */
public sealed interface ShardMessage {

    /** Bytes of a piece that go in one message; all but the last of a piece are this long. */
    int BLOCK_BYTES = 1 << 17;

    /** Longest answer: a part of a manifest, or what a peer has of a large model. */
    int MAX_BYTES = Shard.PIECE_BYTES + 64;

    /** Longest question. */
    int MAX_QUESTION_BYTES = 64;

    /** Most pieces that one side may have asked for and not yet got. */
    int MAX_ASKED = 128;

    /** Type byte of a {@link Block}, whose bytes are read without this class. */
    int BLOCK_TYPE = 10;

    /** Bytes of a block's message before those of the piece: type, shard, piece, offset. */
    int BLOCK_HEAD_BYTES = 1 + 2 + 4 + 4;

    // ---- questions

    /** For the manifest's bytes from {@code offset} on. */
    record GetManifest(Hash model, int offset) implements ShardMessage {}

    /** What the peer has of the model, now and whenever that changes. Once a stream, before any question for a piece. */
    record Follow(Hash model) implements ShardMessage {}

    /** Whether the peer has something that the asking side wants. */
    record Interest(boolean interested) implements ShardMessage {}

    record GetPiece(int shard, int piece) implements ShardMessage {}

    /** The piece came from elsewhere. */
    record Cancel(int shard, int piece) implements ShardMessage {}

    // ---- answers

    /** A part of the encoded manifest; {@code total} is the whole's length. */
    record ManifestPart(int total, int offset, byte[] bytes) implements ShardMessage {}

    /** By shard, the pieces that are there. */
    record Have(List<BitSet> shards) implements ShardMessage {}

    /** Pieces that came since. */
    record Gained(List<PieceRef> pieces) implements ShardMessage {}

    /** Pieces that are there no more. */
    record Lost(List<PieceRef> pieces) implements ShardMessage {}

    record PieceRef(int shard, int piece) {}

    /** Whether pieces may be asked for; before the first of these they may not. */
    record Slot(boolean open) implements ShardMessage {}

    /** Bytes of a piece from {@code offset} on. */
    record Block(int shard, int piece, int offset, byte[] bytes) implements ShardMessage {}

    record Declined(int shard, int piece, Reason reason) implements ShardMessage {}

    /** What was asked for is not here; ends the stream. */
    record Missing(String why) implements ShardMessage {}

    /** Why a piece does not come. */
    enum Reason {
        /** The slot is closed. */
        NO_SLOT,
        /** It is not here, or cannot be read. */
        NOT_HERE,
        CANCELLED
    }

    default byte[] encode() {
        var out = new WireWriter(64);
        switch (this) {
            case GetManifest(var model, var offset) -> out.u8(1).hash(model).i32(offset);
            case Follow(var model) -> out.u8(2).hash(model);
            case Interest(var interested) -> out.u8(3).bool(interested);
            case GetPiece(var shard, var piece) -> out.u8(4).u16(shard).i32(piece);
            case Cancel(var shard, var piece) -> out.u8(5).u16(shard).i32(piece);
            case ManifestPart(var total, var offset, var bytes) ->
                out.u8(6).i32(total).i32(offset).blob(bytes);
            case Have(var shards) -> {
                out.u8(7).u16(shards.size());
                shards.forEach(pieces -> out.blob(pieces.toByteArray()));
            }
            case Gained(var pieces) -> write(out.u8(8), pieces);
            case Slot(var open) -> out.u8(9).bool(open);
            case Block(var shard, var piece, var offset, var bytes) ->
                out.u8(BLOCK_TYPE).u16(shard).i32(piece).i32(offset).raw(bytes);
            case Declined(var shard, var piece, var reason) ->
                out.u8(11).u16(shard).i32(piece).u8(reason.ordinal());
            case Missing(var why) -> out.u8(12).text(why.length() > 200 ? why.substring(0, 200) : why);
            case Lost(var pieces) -> write(out.u8(13), pieces);
        }
        return out.toBytes();
    }

    private static void write(WireWriter out, List<PieceRef> pieces) {
        out.u16(pieces.size());
        pieces.forEach(ref -> out.u16(ref.shard()).i32(ref.piece()));
    }

    static ShardMessage decode(byte[] bytes) throws WireException {
        var in = new WireReader(bytes);
        int type = in.u8("shard message");
        ShardMessage message = switch (type) {
            case 1 -> new GetManifest(in.hash("model"), in.i32("manifest offset", 0, Manifest.MAX_BYTES));
            case 2 -> new Follow(in.hash("model"));
            case 3 -> new Interest(in.bool("interest"));
            case 4 -> new GetPiece(in.u16("shard"), piece(in));
            case 5 -> new Cancel(in.u16("shard"), piece(in));
            case 6 ->
                new ManifestPart(
                        in.i32("manifest bytes", 1, Manifest.MAX_BYTES),
                        in.i32("manifest offset", 0, Manifest.MAX_BYTES),
                        in.blob("manifest part", Shard.PIECE_BYTES));
            case 7 -> have(in);
            case 8 -> new Gained(refs(in));
            case 9 -> new Slot(in.bool("slot"));
            case BLOCK_TYPE ->
                new Block(
                        in.u16("shard"),
                        piece(in),
                        in.i32("block offset", 0, Shard.PIECE_BYTES - 1),
                        in.raw("block", Math.clamp(in.remaining(), 1, BLOCK_BYTES)));
            case 11 ->
                new Declined(
                        in.u16("shard"), piece(in), Reason.values()[in.u8("reason", 0, Reason.values().length - 1)]);
            case 12 -> new Missing(in.text("reason", 1024));
            case 13 -> new Lost(refs(in));
            default -> throw new WireException("expected a shard message of type 1 to 13, found " + type);
        };
        in.end("shard message");
        return message;
    }

    private static int piece(WireReader in) throws WireException {
        return in.i32("piece", 0, 1 << 18);
    }

    private static List<PieceRef> refs(WireReader in) throws WireException {
        return in.list("pieces", 0xffff, list -> new PieceRef(list.u16("shard"), piece(list)));
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
