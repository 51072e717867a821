package io.infergrid.grid.model;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One shard in a folder: whole under its own name, or in part under {@code .part}. Thread-safe. */
final class StoredShard {

    private final Shard shard;
    private final Path whole;
    private final Path part;
    private final BitSet have = new BitSet();
    private @Nullable FileChannel partial;
    private boolean verified;

    /** Finds what is on disk. Pieces of a part are hashed; a whole shard is hashed when it is first used. */
    StoredShard(Path folder, int index, Shard shard) throws IOException {
        this.shard = shard;
        whole = folder.resolve(
                String.format(Locale.ROOT, "%04d-%s.shard", index, shard.label().replace(' ', '-')));
        part = folder.resolve(whole.getFileName() + ".part");
        if (Files.exists(whole)) {
            have.set(0, shard.pieces().size());
        } else if (Files.exists(part)) {
            resume();
        }
    }

    private void resume() throws IOException {
        try (var in = FileChannel.open(part, READ)) {
            long bytes = Math.min(in.size(), shard.bytes());
            for (int i = 0; i < shard.pieces().size(); i++) {
                if ((long) i * Shard.PIECE_BYTES + shard.pieceBytes(i) <= bytes && shard.verifies(i, read(in, i))) {
                    have.set(i);
                }
            }
        }
        if (isWhole()) {
            try (var channel = FileChannel.open(part, WRITE)) {
                complete(channel);
            }
        }
    }

    Path file() {
        return whole;
    }

    synchronized BitSet pieces() {
        return (BitSet) have.clone();
    }

    /** Stores a piece that was verified; true if the shard is now whole. */
    synchronized boolean put(int piece, byte[] bytes) throws IOException {
        if (have.get(piece)) {
            return isWhole();
        }
        if (partial == null) {
            partial = FileChannel.open(part, CREATE, READ, WRITE);
        }
        var buffer = ByteBuffer.wrap(bytes);
        long at = (long) piece * Shard.PIECE_BYTES;
        while (buffer.hasRemaining()) {
            at += partial.write(buffer, at);
        }
        have.set(piece);
        if (!isWhole()) {
            return false;
        }
        complete(partial);
        partial.close();
        partial = null;
        return true;
    }

    private void complete(FileChannel channel) throws IOException {
        channel.truncate(shard.bytes());
        channel.force(true);
        Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        verified = true;
    }

    synchronized byte[] read(int piece) throws IOException {
        if (!have.get(piece)) {
            throw new IOException("expected piece " + piece + " of " + shard.label() + " on disk, found none");
        }
        byte[] bytes;
        if (partial != null) {
            bytes = read(partial, piece);
        } else {
            try (var in = FileChannel.open(Files.exists(whole) ? whole : part, READ)) {
                bytes = read(in, piece);
            }
        }
        if (!shard.verifies(piece, bytes)) {
            forget(piece);
            throw new IOException("expected piece " + piece + " of " + shard.label()
                    + " as it was stored, found other bytes; it has to be fetched again");
        }
        return bytes;
    }

    /** Reads the whole shard once in the life of the store. */
    synchronized void verify() throws IOException {
        if (!isWhole()) {
            throw new IOException("expected the shard '" + shard.label() + "' on disk, found " + have.cardinality()
                    + " of " + shard.pieces().size() + " pieces");
        }
        if (!verified) {
            for (int i = 0; i < shard.pieces().size(); i++) {
                read(i);
            }
            verified = true;
        }
    }

    /** A whole shard with a spoilt piece becomes a part again. */
    private void forget(int piece) throws IOException {
        have.clear(piece);
        verified = false;
        if (partial == null && Files.exists(whole)) {
            Files.move(whole, part, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private boolean isWhole() {
        return have.cardinality() == shard.pieces().size();
    }

    /** The piece's bytes, or fewer if the file is cut short: those do not verify. */
    private byte[] read(FileChannel in, int piece) throws IOException {
        var buffer = ByteBuffer.allocate(shard.pieceBytes(piece));
        long start = (long) piece * Shard.PIECE_BYTES;
        while (buffer.hasRemaining() && in.read(buffer, start + buffer.position()) >= 0) {
            // on
        }
        return buffer.hasRemaining() ? Arrays.copyOf(buffer.array(), buffer.position()) : buffer.array();
    }

    synchronized void close() {
        if (partial != null) {
            try {
                partial.close();
            } catch (IOException e) {
                // what was written is found again by its hashes, or fetched again
            }
            partial = null;
        }
    }
}
