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
 * Shards of one model in a folder of its own: {@code manifest}, one file a whole shard, {@code .part} files that grow piece by piece,
 * and a {@code journal} of the pieces in those. A shard gets its name only after all its pieces were verified and are on the disk, so a
 * crash at any instruction leaves whole shards whole; pieces of a part that the journal does not vouch for are found again by their
 * hashes. Thread-safe.
 */
public final class ShardStore implements HeldShards {

    private final Path folder;
    private final Manifest manifest;
    private final Hash root;
    private final List<StoredShard> entries = new ArrayList<>();
    /** Guarded by itself. */
    private final PieceJournal journal;
    /** Pieces that are written but not yet vouched for; guarded by itself. */
    private final List<PieceJournal.Entry> written = new ArrayList<>();

    private ShardStore(Path folder, Manifest manifest) throws IOException {
        this.folder = folder;
        this.manifest = manifest;
        root = manifest.root();
        int[] pieces = manifest.shards().stream()
                .mapToInt(shard -> shard.pieces().size())
                .toArray();
        journal = PieceJournal.open(folder.resolve("journal"), root, pieces);
        try {
            for (int i = 0; i < pieces.length; i++) {
                BitSet vouched = journal.vouched(i);
                var entry = new StoredShard(folder, i, manifest.shards().get(i), vouched);
                entries.add(entry);
                if (!entry.isWhole()) {
                    noteChanges(i, vouched, entry.pieces());
                }
            }
            sync();
        } catch (IOException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    /** What the journal does not know yet about a part: pieces that were found by their hashes, and those that are gone. */
    private void noteChanges(int shard, BitSet vouched, BitSet found) {
        for (int piece = found.nextSetBit(0); piece >= 0; piece = found.nextSetBit(piece + 1)) {
            if (!vouched.get(piece)) {
                written.add(new PieceJournal.Entry(PieceJournal.Kind.HAVE, shard, piece));
            }
        }
        for (int piece = vouched.nextSetBit(0); piece >= 0; piece = vouched.nextSetBit(piece + 1)) {
            if (!found.get(piece)) {
                written.add(new PieceJournal.Entry(PieceJournal.Kind.GONE, shard, piece));
            }
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

    @Override
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
        return putVerified(shard, piece, bytes);
    }

    /**
     * Takes a piece that the caller has verified with {@link Shard#verifies}.
     *
     * @param bytes the piece's, or longer
     * @return true if that made the shard whole
     */
    public boolean putVerified(int shard, int piece, byte[] bytes) throws IOException {
        boolean whole = entries.get(shard).put(piece, bytes);
        if (!whole) {
            synchronized (written) {
                written.add(new PieceJournal.Entry(PieceJournal.Kind.HAVE, shard, piece));
            }
        }
        return whole;
    }

    /** Forces what was stored since the last time to the disk and writes it into the journal: from then on a crash costs none of it. */
    public void sync() throws IOException {
        synchronized (journal) {
            List<PieceJournal.Entry> entriesNow;
            synchronized (written) {
                entriesNow = List.copyOf(written);
                written.clear();
            }
            var parts = new BitSet();
            entriesNow.forEach(entry -> parts.set(entry.shard()));
            try {
                for (int shard = parts.nextSetBit(0); shard >= 0; shard = parts.nextSetBit(shard + 1)) {
                    entries.get(shard).force();
                }
                if (!entriesNow.isEmpty()) {
                    forceDirectory(folder.resolve("journal"));
                }
                journal.append(entriesNow);
            } catch (IOException e) {
                synchronized (written) {
                    written.addAll(0, entriesNow);
                }
                throw e;
            }
        }
    }

    /** Deletes a shard from the disk. */
    public void remove(int shard) throws IOException {
        synchronized (journal) {
            synchronized (written) {
                written.removeIf(entry -> entry.shard() == shard);
            }
            journal.append(List.of(new PieceJournal.Entry(PieceJournal.Kind.SHARD_GONE, shard, 0)));
            entries.get(shard).remove();
        }
    }

    /** Bytes that all shards and parts take on the disk. */
    public long bytesHere() {
        return entries.stream().mapToLong(StoredShard::bytesHere).sum();
    }

    /** Bytes that one shard, or what is here of it, takes on the disk. */
    public long bytesHere(int shard) {
        return entries.get(shard).bytesHere();
    }

    @Override
    public boolean complete(int shard) {
        return entries.get(shard).isWhole();
    }

    @Override
    public boolean has(int shard, int piece) {
        return entries.get(shard).has(piece);
    }

    @Override
    public byte[] piece(int shard, int piece) throws IOException {
        return read(shard, piece, true);
    }

    @Override
    public byte[] pieceToSend(int shard, int piece) throws IOException {
        return read(shard, piece, false);
    }

    private byte[] read(int shard, int piece, boolean again) throws IOException {
        try {
            return entries.get(shard).read(piece, again);
        } catch (StoredShard.Spoilt rotten) {
            synchronized (written) {
                written.removeIf(entry -> entry.shard() == shard && entry.piece() == piece);
                written.add(new PieceJournal.Entry(PieceJournal.Kind.GONE, shard, piece));
            }
            throw rotten;
        }
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
        try {
            sync();
        } catch (IOException e) {
            // what is not vouched for is found again by its hashes, or fetched again
        }
        entries.forEach(StoredShard::close);
        synchronized (journal) {
            try {
                journal.close();
            } catch (IOException e) {
                // it was forced with each entry
            }
        }
    }

    /** Deletes the whole model from the disk; the store is closed after. */
    public void delete() throws IOException {
        close();
        Files.deleteIfExists(folder.resolve("manifest")); // first: without it the folder is no store
        try (var files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /** Makes sure that a name in a directory is on the disk, where the system can do that. */
    static void forceDirectory(Path file) {
        Path directory = file.toAbsolutePath().getParent();
        if (directory != null) {
            try (var channel = FileChannel.open(directory, READ)) {
                channel.force(true);
            } catch (IOException e) {
                // Windows has no such thing; there the name is as safe as its journal makes it
            }
        }
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
