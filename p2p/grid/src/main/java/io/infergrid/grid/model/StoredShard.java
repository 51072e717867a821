package io.infergrid.grid.model;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
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

    /** Bytes at both ends of a piece that are looked at before it is hashed: a part has holes where nothing was written yet. */
    private static final int PROBE_BYTES = 4096;

    private final Shard shard;
    private final Path whole;
    private final Path part;
    private final BitSet have = new BitSet();
    /** Pieces whose bytes were hashed, and right, since the store was opened. */
    private final BitSet hashed = new BitSet();

    private @Nullable FileChannel partial;

    /**
     * Finds what is on disk. A whole shard is hashed when it is first used; of a part, the pieces that {@code vouched} does not name.
     */
    StoredShard(Path folder, int index, Shard shard, BitSet vouched) throws IOException {
        this.shard = shard;
        whole = folder.resolve(
                String.format(Locale.ROOT, "%04d-%s.shard", index, shard.label().replace(' ', '-')));
        part = folder.resolve(whole.getFileName() + ".part");
        if (Files.exists(whole) && Files.size(whole) == shard.bytes()) {
            have.set(0, shard.pieces().size());
            return;
        }
        if (Files.exists(whole)) {
            Files.move(whole, part, StandardCopyOption.REPLACE_EXISTING); // cut short, or grown: a part at best
            resume(new BitSet());
        } else if (Files.exists(part)) {
            resume(vouched);
        }
    }

    private void resume(BitSet vouched) throws IOException {
        try (var in = FileChannel.open(part, READ)) {
            long bytes = in.size();
            for (int i = 0; i < shard.pieces().size(); i++) {
                if ((long) i * Shard.PIECE_BYTES + shard.pieceBytes(i) > bytes) {
                    break;
                }
                if (vouched.get(i) || (!isHole(in, i) && shard.verifies(i, read(in, i)))) {
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

    /** Whether the piece begins and ends with zeros. One that really does is fetched again: cheaper than to hash all holes. */
    private boolean isHole(FileChannel in, int piece) throws IOException {
        int bytes = shard.pieceBytes(piece);
        long start = (long) piece * Shard.PIECE_BYTES;
        int probe = Math.min(PROBE_BYTES, bytes);
        return isZero(in, start, probe) && isZero(in, start + bytes - probe, probe);
    }

    private static boolean isZero(FileChannel in, long at, int length) throws IOException {
        byte[] bytes = read(in, at, length);
        return Arrays.equals(bytes, new byte[length]);
    }

    Path file() {
        return whole;
    }

    synchronized BitSet pieces() {
        return (BitSet) have.clone();
    }

    synchronized boolean has(int piece) {
        return have.get(piece);
    }

    synchronized boolean isWhole() {
        return have.cardinality() == shard.pieces().size();
    }

    /** Bytes that the pieces at hand take on the disk. */
    synchronized long bytesHere() {
        return isWhole()
                ? shard.bytes()
                : have.stream().mapToLong(shard::pieceBytes).sum();
    }

    /** Stores a piece that was verified; true if that made the shard whole. */
    boolean put(int piece, byte[] bytes) throws IOException {
        FileChannel out;
        synchronized (this) {
            if (have.get(piece)) {
                return false;
            }
            if (partial == null || !partial.isOpen()) {
                partial = FileChannel.open(part, CREATE, READ, WRITE);
            }
            out = partial;
        }
        var buffer = ByteBuffer.wrap(bytes, 0, shard.pieceBytes(piece));
        long at = (long) piece * Shard.PIECE_BYTES;
        try {
            while (buffer.hasRemaining()) {
                at += out.write(buffer, at);
            }
        } catch (ClosedChannelException closed) {
            synchronized (this) {
                if (have.get(piece)) {
                    return false; // it came twice, and the other made the shard whole
                }
            }
            throw closed;
        }
        synchronized (this) {
            if (have.get(piece)) {
                return false;
            }
            have.set(piece);
            hashed.set(piece);
            if (!isWhole()) {
                return false;
            }
            complete(out);
            out.close();
            partial = null;
            return true;
        }
    }

    private void complete(FileChannel channel) throws IOException {
        channel.truncate(shard.bytes());
        channel.force(true);
        Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        ShardStore.forceDirectory(whole);
    }

    /** Puts what was written to a part on the disk. */
    void force() throws IOException {
        FileChannel open;
        synchronized (this) {
            open = partial;
        }
        if (open != null) {
            try {
                open.force(false);
            } catch (ClosedChannelException complete) {
                // became whole meanwhile, and was forced on the way
            }
        }
    }

    /**
     * A piece's bytes, with the right hash.
     *
     * @param again hash it even if that was done since the store was opened
     * @throws IOException if it is not here or cannot be read
     * @throws Spoilt if it was read and is not what was stored; it is not here any more then
     */
    byte[] read(int piece, boolean again) throws IOException {
        boolean known;
        FileChannel open;
        synchronized (this) {
            if (!have.get(piece)) {
                throw new IOException("expected piece " + piece + " of " + shard.label() + " on disk, found none");
            }
            known = hashed.get(piece) && !again;
            open = partial;
        }
        byte[] bytes;
        if (open != null && open.isOpen()) {
            bytes = read(open, piece);
        } else {
            try (var in = FileChannel.open(Files.exists(whole) ? whole : part, READ)) {
                bytes = read(in, piece);
            }
        }
        if (bytes.length != shard.pieceBytes(piece) || (!known && !shard.verifies(piece, bytes))) {
            forget(piece);
            throw new Spoilt("expected piece " + piece + " of " + shard.label()
                    + " as it was stored, found other bytes; it has to be fetched again");
        }
        synchronized (this) {
            hashed.set(piece);
        }
        return bytes;
    }

    /** A piece that rotted on this node's own disk. */
    static final class Spoilt extends IOException {
        private static final long serialVersionUID = 1;

        Spoilt(String message) {
            super(message);
        }
    }

    /** Reads the whole shard once in the life of the store. */
    void verify() throws IOException {
        synchronized (this) {
            if (!isWhole()) {
                throw new IOException("expected the shard '" + shard.label() + "' on disk, found " + have.cardinality()
                        + " of " + shard.pieces().size() + " pieces");
            }
        }
        for (int i = 0; i < shard.pieces().size(); i++) {
            boolean known;
            synchronized (this) {
                known = hashed.get(i);
            }
            if (!known) {
                read(i, false);
            }
        }
    }

    /** A whole shard with a spoilt piece becomes a part again. */
    private synchronized void forget(int piece) throws IOException {
        have.clear(piece);
        hashed.clear(piece);
        if (partial == null && Files.exists(whole)) {
            Files.move(whole, part, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Deletes all of it. */
    synchronized void remove() throws IOException {
        close();
        have.clear();
        hashed.clear();
        Files.deleteIfExists(whole);
        Files.deleteIfExists(part);
    }

    /** The piece's bytes, or fewer if the file is cut short: those do not verify. */
    private byte[] read(FileChannel in, int piece) throws IOException {
        return read(in, (long) piece * Shard.PIECE_BYTES, shard.pieceBytes(piece));
    }

    private static byte[] read(FileChannel in, long start, int length) throws IOException {
        var buffer = ByteBuffer.allocate(length);
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
