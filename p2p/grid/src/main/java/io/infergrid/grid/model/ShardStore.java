package io.infergrid.grid.model;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.grid.Hash;
import io.infergrid.grid.wire.WireException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Shards of one model in a folder of its own: {@code manifest}, one file a whole shard, and {@code .part} files that grow piece by
 * piece. A shard gets its name only after all its pieces were verified and are on the disk, so a crash at any instruction
 * leaves whole shards whole; pieces of a part are found again by their hashes.
 */
public final class ShardStore implements HeldShards {

    private final Path folder;
    private final Manifest manifest;
    private final Hash root;
    private final List<StoredShard> entries = new ArrayList<>();

    private ShardStore(Path folder, Manifest manifest) throws IOException {
        this.folder = folder;
        this.manifest = manifest;
        root = manifest.root();
        for (int i = 0; i < manifest.shards().size(); i++) {
            entries.add(new StoredShard(folder, i, manifest.shards().get(i)));
        }
    }

    /** Opens the store of a model below {@code shards}, makes it if there is none yet. */
    public static ShardStore of(Path shards, Manifest manifest) throws IOException {
        Path folder = shards.resolve(manifest.root().hex());
        Files.createDirectories(folder);
        Path file = folder.resolve("manifest");
        if (!Files.exists(file)) {
            writeWhole(file, manifest.encode());
        }
        return open(folder);
    }

    /**
     * Opens a store that is there.
     *
     * @throws IOException if the manifest is missing, spoilt, or not that of the folder's name
     */
    public static ShardStore open(Path folder) throws IOException {
        Path file = folder.resolve("manifest");
        long bytes = Files.size(file);
        if (bytes > Manifest.MAX_BYTES) {
            throw new WireException(file + ": expected up to " + Manifest.MAX_BYTES + " bytes, found " + bytes);
        }
        Manifest manifest = Manifest.decode(Files.readAllBytes(file));
        String name = String.valueOf(folder.getFileName());
        if (name.matches("[0-9a-f]{64}") && !manifest.root().hex().equals(name)) {
            throw new WireException(file + ": expected the model root of the folder's name, found " + manifest.root());
        }
        return new ShardStore(folder, manifest);
    }

    /** Writes a whole package: manifest and all shards of {@code model} into {@code folder}. */
    public static ShardStore write(Path folder, HeldShards model) throws IOException {
        Files.createDirectories(folder);
        writeWhole(folder.resolve("manifest"), model.manifest().encode());
        ShardStore store = open(folder);
        for (int shard = 0; shard < model.manifest().shards().size(); shard++) {
            BitSet have = store.pieces(shard);
            int pieces = model.manifest().shards().get(shard).pieces().size();
            for (int piece = have.nextClearBit(0); piece < pieces; piece = have.nextClearBit(piece + 1)) {
                store.put(shard, piece, model.piece(shard, piece));
            }
        }
        return store;
    }

    /** Puts the GGUF file together again, byte for byte; all shards must be at hand. */
    public void assemble(Path gguf) throws IOException {
        Path temporary = gguf.resolveSibling(gguf.getFileName() + ".tmp");
        try (var out = FileChannel.open(temporary, CREATE, WRITE, TRUNCATE_EXISTING)) {
            for (int index = 0; index < entries.size(); index++) {
                entries.get(index).verify();
                Shard shard = manifest.shards().get(index);
                try (var in = FileChannel.open(entries.get(index).file(), READ)) {
                    long at = 0;
                    for (Extent extent : shard.extents()) {
                        in.position(at);
                        for (long done = 0; done < extent.bytes(); ) {
                            long n = out.transferFrom(in, extent.offset() + done, extent.bytes() - done);
                            if (n <= 0) {
                                throw new IOException("expected " + extent.bytes() + " bytes of " + shard.label()
                                        + ", found its end after " + done);
                            }
                            done += n;
                        }
                        at += extent.bytes();
                    }
                }
            }
            out.force(true);
        }
        Files.move(temporary, gguf, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    public Path folder() {
        return folder;
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
        return entries.get(shard).pieces();
    }

    /**
     * Takes a piece from whoever: it is stored only if its hash is right.
     *
     * @return true if the shard is now whole
     * @throws WireException if these are not the bytes of the piece
     */
    public boolean put(int shard, int piece, byte[] bytes) throws IOException {
        if (!manifest.shards().get(shard).verifies(piece, bytes)) {
            throw new WireException("expected piece " + piece + " of "
                    + manifest.shards().get(shard).label() + " with its hash, found other bytes");
        }
        return entries.get(shard).put(piece, bytes);
    }

    @Override
    public byte[] piece(int shard, int piece) throws IOException {
        return entries.get(shard).read(piece);
    }

    @Override
    public GgufMetadata metadata() throws IOException {
        return header().metadata();
    }

    /** The whole header of the GGUF file, if the metadata shard is at hand. */
    public GgufHeader header() throws IOException {
        entries.getFirst().verify();
        try (var arena = Arena.ofConfined();
                var channel = FileChannel.open(entries.getFirst().file(), READ)) {
            return GgufHeader.read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        }
    }

    @Override
    public OpenTensors open(StageSpec spec) throws IOException {
        GgufHeader header = header();
        Arena arena = Arena.ofShared();
        try {
            var mapped = new HashMap<Integer, MemorySegment>();
            for (int shard : manifest.shardsFor(spec)) {
                entries.get(shard).verify();
                try (var channel = FileChannel.open(entries.get(shard).file(), READ)) {
                    mapped.put(shard, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
                }
            }
            var tensors = OpenTensors.of(arena, header, (offset, bytes) -> find(mapped, offset, bytes));
            arena = null;
            return tensors;
        } finally {
            if (arena != null) {
                arena.close();
            }
        }
    }

    /** The bytes {@code [offset, offset + bytes)} of the GGUF file, if one mapped shard has them in one extent. */
    private @Nullable MemorySegment find(Map<Integer, MemorySegment> mapped, long offset, long bytes) {
        for (var entry : mapped.entrySet()) {
            long at = 0; // of the extent in the shard
            for (Extent extent : manifest.shards().get(entry.getKey()).extents()) {
                if (offset >= extent.offset() && bytes <= extent.end() - offset) {
                    return entry.getValue().asSlice(at + offset - extent.offset(), bytes);
                }
                at += extent.bytes();
            }
        }
        return null;
    }

    /** Closes parts that are still open; they are taken up again by the next {@link #open}. */
    @Override
    public void close() {
        entries.forEach(StoredShard::close);
    }

    private static void writeWhole(Path file, byte[] bytes) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (var out = FileChannel.open(temporary, CREATE, WRITE, TRUNCATE_EXISTING)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
            out.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
