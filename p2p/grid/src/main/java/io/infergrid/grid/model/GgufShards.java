package io.infergrid.grid.model;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.grid.Hash;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.BitSet;

/** All shards of a model, straight out of its GGUF file: nothing is copied on disk. The file must not change meanwhile. */
public final class GgufShards implements HeldShards {

    private final Path gguf;
    private final Manifest manifest;
    private final Hash root;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment file;
    private final GgufHeader header;
    private final FileTime written;

    /** Hashes the file. */
    public GgufShards(Path gguf, String licence) throws IOException {
        this.gguf = gguf;
        written = Files.getLastModifiedTime(gguf);
        manifest = ModelCutter.cut(gguf, licence);
        root = manifest.root();
        file = map(gguf, arena);
        header = GgufHeader.read(file);
    }

    private static MemorySegment map(Path gguf, Arena arena) throws IOException {
        try (var channel = FileChannel.open(gguf, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    @Override
    public Manifest manifest() {
        return manifest;
    }

    @Override
    public Hash root() {
        return root;
    }

    @Override
    public BitSet pieces(int shard) {
        var all = new BitSet();
        all.set(0, manifest.shards().get(shard).pieces().size());
        return all;
    }

    @Override
    public byte[] piece(int shard, int piece) throws IOException {
        return read(shard, piece, true);
    }

    /** Hashed when the manifest was made, and again if the file was written since. */
    @Override
    public byte[] pieceToSend(int shard, int piece) throws IOException {
        return read(shard, piece, !Files.getLastModifiedTime(gguf).equals(written));
    }

    private byte[] read(int shard, int piece, boolean again) throws IOException {
        Shard of = manifest.shards().get(shard);
        byte[] bytes = new byte[of.pieceBytes(piece)];
        ModelCutter.copy(file, of.extents(), (long) piece * Shard.PIECE_BYTES, bytes, bytes.length);
        if (again && !of.verifies(piece, bytes)) {
            throw new IOException(
                    "expected " + gguf + " unchanged, found other bytes in piece " + piece + " of " + of.label());
        }
        return bytes;
    }

    @Override
    public GgufMetadata metadata() {
        return header.metadata();
    }

    @Override
    public OpenTensors open(StageSpec spec) throws IOException {
        var extents = new ArrayList<Extent>();
        for (int shard : manifest.shardsFor(spec)) {
            for (int piece = 0; piece < manifest.shards().get(shard).pieces().size(); piece++) {
                piece(shard, piece);
            }
            extents.addAll(manifest.shards().get(shard).extents());
        }
        Arena own = Arena.ofShared();
        MemorySegment mapped = map(gguf, own);
        return OpenTensors.of(
                own,
                header,
                (offset, bytes) ->
                        extents.stream().anyMatch(extent -> extent.offset() <= offset && bytes <= extent.end() - offset)
                                ? mapped.asSlice(offset, bytes)
                                : null);
    }

    /** Copies the file, verifying each piece. */
    @Override
    public void assemble(Path copy) throws IOException {
        Path temporary = copy.resolveSibling(copy.getFileName() + ".tmp");
        try (var out = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (int index = 0; index < manifest.shards().size(); index++) {
                Shard shard = manifest.shards().get(index);
                for (int piece = 0; piece < shard.pieces().size(); piece++) {
                    piece(index, piece);
                }
                for (Extent extent : shard.extents()) {
                    var bytes = file.asSlice(extent.offset(), extent.bytes());
                    for (long done = 0; done < extent.bytes(); ) {
                        var part = bytes.asSlice(done, Math.min(Shard.PIECE_BYTES, extent.bytes() - done));
                        done += out.write(part.asByteBuffer(), extent.offset() + done);
                    }
                }
            }
            out.force(true);
        }
        Files.move(temporary, copy, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
        arena.close();
    }
}
