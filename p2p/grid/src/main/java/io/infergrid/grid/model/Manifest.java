package io.infergrid.grid.model;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.grid.Hash;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * What a model package is made of. The shards divide the bytes of one GGUF file among them, each byte in exactly one shard, so
 * all shards together give the file back byte for byte. {@link #root} is the model's name everywhere in the grid.
 *
 * @param architecture GGUF's {@code general.architecture}
 * @param licence SPDX id or name, as the packager stated it
 * @param dimension embedding length, elements of a boundary activation
 * @param tied true if the output matrix is the input embedding: a stage with the head then needs that shard too
 * @param fileBytes length of the GGUF file
 * @param tokenizer hash over the tokenizer's metadata
 * @param shards metadata, embedding, the blocks in order, head
 */
public record Manifest(
        String name,
        String architecture,
        String licence,
        int blocks,
        int dimension,
        int vocabulary,
        int contextLength,
        boolean tied,
        long fileBytes,
        Hash tokenizer,
        List<Shard> shards) {

    /** Longest encoded manifest: enough for 800 GiB. */
    public static final int MAX_BYTES = 32 << 20;

    private static final byte[] MAGIC = {'I', 'G', 'M', '1'};
    private static final int MAX_BLOCKS = 1024;
    private static final int TEXT_BYTES = 128;

    public Manifest {
        shards = List.copyOf(shards);
        check(blocks >= 1 && blocks <= MAX_BLOCKS, "1 to " + MAX_BLOCKS + " blocks", blocks);
        check(shards.size() == blocks + 3, blocks + 3 + " shards", shards.size());
        for (int i = 0; i < shards.size(); i++) {
            Shard shard = shards.get(i);
            var kind = switch (i) {
                case 0 -> Shard.Kind.METADATA;
                case 1 -> Shard.Kind.EMBEDDING;
                default -> i < blocks + 2 ? Shard.Kind.BLOCK : Shard.Kind.HEAD;
            };
            check(shard.kind() == kind, kind + " as shard " + i, shard.kind());
            int block = kind == Shard.Kind.BLOCK ? i - 2 : 0;
            check(shard.block() == block, "block " + block + " as shard " + i, shard.block());
        }
        checkDivision(shards, fileBytes);
    }

    /** Every byte of the file is in exactly one extent. */
    private static void checkDivision(List<Shard> shards, long fileBytes) {
        var extents = new ArrayList<Extent>();
        for (Shard shard : shards) {
            check(!shard.extents().isEmpty(), "bytes in shard '" + shard.label() + "'", "none");
            for (Extent extent : shard.extents()) {
                check(
                        extent.offset() >= 0 && extent.bytes() > 0 && extent.bytes() <= fileBytes - extent.offset(),
                        "extents inside " + fileBytes + " bytes",
                        extent);
                extents.add(extent);
            }
            check(
                    shard.pieces().size() == Shard.piecesOf(shard.bytes()),
                    Shard.piecesOf(shard.bytes()) + " pieces in shard '" + shard.label() + "'",
                    shard.pieces().size());
        }
        check(
                shards.getFirst().extents().getFirst().offset() == 0,
                "the file's start in the metadata shard",
                shards.getFirst().extents().getFirst());
        extents.sort(Comparator.comparingLong(Extent::offset));
        long at = 0;
        for (Extent extent : extents) {
            check(extent.offset() == at, "an extent at byte " + at, extent);
            at = extent.end();
        }
        check(at == fileBytes, "extents up to byte " + fileBytes, at);
    }

    private static void check(boolean holds, String expected, Object found) {
        if (!holds) {
            throw new IllegalArgumentException("manifest: expected " + expected + ", found " + found);
        }
    }

    /**
     * The {@code modelRoot}: RFC 6962 Merkle root whose first leaf is the description (name, architecture, licence, sizes,
     * tokenizer hash), followed by one leaf a shard (kind, extents and the Merkle root over its pieces).
     */
    public Hash root() {
        var leaves = new ArrayList<Hash>();
        leaves.add(MerkleTree.leaf(description().toBytes()));
        for (Shard shard : shards) {
            leaves.add(MerkleTree.leaf(outline(shard).hash(shard.root()).toBytes()));
        }
        return MerkleTree.root(leaves);
    }

    /** Indices of the shards that a stage reads, ascending; always with the metadata. */
    public List<Integer> shardsFor(StageSpec spec) {
        if (spec.endBlock() > blocks) {
            throw new IllegalArgumentException(
                    "expected a stage inside " + blocks + " blocks, found end block " + spec.endBlock());
        }
        var wanted = new ArrayList<Integer>();
        wanted.add(0);
        if (spec.embedding() || (spec.head() && tied)) {
            wanted.add(1);
        }
        for (int block = spec.firstBlock(); block < spec.endBlock(); block++) {
            wanted.add(2 + block);
        }
        if (spec.head()) {
            wanted.add(shards.size() - 1);
        }
        return wanted;
    }

    // ---- canonical binary form

    public byte[] encode() {
        WireWriter out = description();
        out.u16(shards.size());
        for (Shard shard : shards) {
            out.raw(outline(shard).toBytes());
            out.i32(shard.pieces().size());
            shard.pieces().forEach(out::hash);
        }
        return out.toBytes();
    }

    private WireWriter description() {
        return new WireWriter(4096)
                .raw(MAGIC)
                .text(name)
                .text(architecture)
                .text(licence)
                .u16(blocks)
                .i32(dimension)
                .i32(vocabulary)
                .i32(contextLength)
                .bool(tied)
                .i64(fileBytes)
                .hash(tokenizer);
    }

    private static WireWriter outline(Shard shard) {
        var out = new WireWriter()
                .u8(shard.kind().ordinal())
                .u16(shard.block())
                .u16(shard.extents().size());
        shard.extents().forEach(extent -> out.i64(extent.offset()).i64(extent.bytes()));
        return out;
    }

    /**
     * Reads {@link #encode}'s form.
     *
     * @throws WireException if it is not a sound manifest; whether it is the one that was asked for, {@link #decode(byte[], Hash)} tells
     */
    public static Manifest decode(byte[] bytes) throws WireException {
        if (bytes.length > MAX_BYTES) {
            throw new WireException("manifest: expected up to " + MAX_BYTES + " bytes, found " + bytes.length);
        }
        var in = new WireReader(bytes);
        if (!Arrays.equals(in.raw("manifest magic", MAGIC.length), MAGIC)) {
            throw new WireException("manifest: expected the magic 'IGM1', found other bytes");
        }
        String name = in.text("manifest name", TEXT_BYTES);
        String architecture = in.text("manifest architecture", TEXT_BYTES);
        String licence = in.text("manifest licence", TEXT_BYTES);
        int blocks = in.u16("manifest blocks", 1, MAX_BLOCKS);
        int dimension = in.i32("manifest dimension", 1, 1 << 17);
        int vocabulary = in.i32("manifest vocabulary", 1, 1 << 22);
        int contextLength = in.i32("manifest context length", 1, 1 << 24);
        boolean tied = in.bool("manifest tied");
        long fileBytes = in.i64("manifest file bytes", 1, 1L << 44);
        Hash tokenizer = in.hash("manifest tokenizer");
        List<Shard> shards = in.list("manifest shards", MAX_BLOCKS + 3, Manifest::shard);
        in.end("manifest");
        try {
            return new Manifest(
                    name,
                    architecture,
                    licence,
                    blocks,
                    dimension,
                    vocabulary,
                    contextLength,
                    tied,
                    fileBytes,
                    tokenizer,
                    shards);
        } catch (IllegalArgumentException | ArithmeticException unsound) {
            throw new WireException(String.valueOf(unsound.getMessage()));
        }
    }

    /** As {@link #decode(byte[])}, and the manifest is the one of the model {@code expected}. */
    public static Manifest decode(byte[] bytes, Hash expected) throws WireException {
        Manifest manifest = decode(bytes);
        Hash root = manifest.root();
        if (!root.equals(expected)) {
            throw new WireException("manifest: expected the model root " + expected + ", found " + root);
        }
        return manifest;
    }

    private static Shard shard(WireReader in) throws WireException {
        int kind = in.u8("shard kind", 0, Shard.Kind.values().length - 1);
        int block = in.u16("shard block", 0, MAX_BLOCKS - 1);
        List<Extent> extents = in.list(
                "shard extents",
                Shard.MAX_EXTENTS,
                list -> new Extent(list.i64("extent offset", 0, 1L << 44), list.i64("extent bytes", 1, 1L << 44)));
        int count = in.i32("shard pieces", 1, Math.min(Shard.MAX_PIECES, in.remaining() / Hash.BYTES));
        var pieces = new ArrayList<Hash>(count);
        for (int i = 0; i < count; i++) {
            pieces.add(in.hash("piece hash"));
        }
        return new Shard(Shard.Kind.values()[kind], block, extents, pieces);
    }
}
