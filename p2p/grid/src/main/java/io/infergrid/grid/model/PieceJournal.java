package io.infergrid.grid.model;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.infergrid.grid.Hash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Which pieces of shards under way are on the disk with the right bytes, so that a restart need not hash them again. Records are only
 * appended, and forced to the disk before {@link #append} returns; a caller appends only what is forced to the disk itself. Each record
 * has a checksum over itself and its place, so a tail that was torn by a crash is seen, and dropped with all behind it.
 *
 * <p>Form: {@code IGJ1}, the model root, then records of 11 bytes: what happened (1 byte), shard (2), piece (4), CRC-32C (4). Not
 * thread-safe.
 */
final class PieceJournal implements AutoCloseable {

    /** What happened to a piece. */
    enum Kind {
        HAVE,
        GONE,
        /** All pieces of the shard; the piece's number is 0. */
        SHARD_GONE
    }

    record Entry(Kind kind, int shard, int piece) {}

    private static final byte[] MAGIC = {'I', 'G', 'J', '1'};
    private static final int HEAD_BYTES = MAGIC.length + Hash.BYTES;
    private static final int RECORD_BYTES = 11;
    /** Beyond so many records that say nothing any more the file is written anew when it is opened. */
    private static final int MOST_STALE = 4096;

    private final Hash root;
    private final FileChannel file;
    private final List<BitSet> vouched;
    private final boolean sound;
    private long records;

    private PieceJournal(Hash root, FileChannel file, List<BitSet> vouched, boolean sound, long records) {
        this.root = root;
        this.file = file;
        this.vouched = vouched;
        this.sound = sound;
        this.records = records;
    }

    /**
     * Opens the journal of a model, makes it if there is none.
     *
     * @param pieces by shard, the number of its pieces: what is beyond is not believed
     */
    static PieceJournal open(Path path, Hash root, int[] pieces) throws IOException {
        List<BitSet> vouched = new ArrayList<>();
        for (int i = 0; i < pieces.length; i++) {
            vouched.add(new BitSet());
        }
        long most = HEAD_BYTES
                + (long) RECORD_BYTES * (MOST_STALE + 4L * Arrays.stream(pieces).sum());
        byte[] bytes = Files.exists(path) && Files.size(path) <= most ? Files.readAllBytes(path) : new byte[0];
        boolean sound = bytes.length >= HEAD_BYTES && Arrays.equals(Arrays.copyOf(bytes, HEAD_BYTES), head(root));
        long records = 0;
        if (sound) {
            var in = ByteBuffer.wrap(bytes, HEAD_BYTES, bytes.length - HEAD_BYTES);
            while (in.remaining() >= RECORD_BYTES && replay(in, root, records, pieces, vouched)) {
                records++;
            }
        }
        long live = vouched.stream().mapToLong(BitSet::cardinality).sum();
        if (!sound || records - live > MOST_STALE) {
            records = writeAnew(path, root, vouched);
        }
        FileChannel file = FileChannel.open(path, CREATE, READ, WRITE);
        file.truncate(HEAD_BYTES + records * RECORD_BYTES); // a torn tail
        file.position(file.size());
        return new PieceJournal(root, file, vouched, sound, records);
    }

    private static boolean replay(ByteBuffer in, Hash root, long index, int[] pieces, List<BitSet> vouched) {
        int start = in.position();
        int kind = in.get();
        int shard = in.getShort() & 0xffff;
        int piece = in.getInt();
        int checksum = in.getInt();
        boolean known = kind >= 0
                && kind < Kind.values().length
                && shard < pieces.length
                && piece >= 0
                && piece < pieces[shard];
        if (!known || checksum != checksum(root, index, in.array(), start)) {
            return false;
        }
        switch (Kind.values()[kind]) {
            case HAVE -> vouched.get(shard).set(piece);
            case GONE -> vouched.get(shard).clear(piece);
            case SHARD_GONE -> vouched.get(shard).clear();
        }
        return true;
    }

    private static long writeAnew(Path path, Hash root, List<BitSet> vouched) throws IOException {
        var entries = new ArrayList<Entry>();
        for (int shard = 0; shard < vouched.size(); shard++) {
            int index = shard;
            vouched.get(shard).stream().forEach(piece -> entries.add(new Entry(Kind.HAVE, index, piece)));
        }
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try (var out = FileChannel.open(temporary, CREATE, WRITE, java.nio.file.StandardOpenOption.TRUNCATE_EXISTING)) {
            write(out, ByteBuffer.wrap(head(root)));
            write(out, encode(root, 0, entries));
            out.force(true);
        }
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return entries.size();
    }

    private static byte[] head(Hash root) {
        return ByteBuffer.allocate(HEAD_BYTES).put(MAGIC).put(root.bytes()).array();
    }

    private static ByteBuffer encode(Hash root, long firstIndex, List<Entry> entries) {
        var out = ByteBuffer.allocate(entries.size() * RECORD_BYTES);
        long index = firstIndex;
        for (Entry entry : entries) {
            int start = out.position();
            out.put((byte) entry.kind().ordinal())
                    .putShort((short) entry.shard())
                    .putInt(entry.piece());
            out.putInt(checksum(root, index++, out.array(), start));
        }
        return out.flip();
    }

    private static int checksum(Hash root, long index, byte[] record, int start) {
        var crc = new CRC32C();
        crc.update(root.bytes());
        crc.update(ByteBuffer.allocate(8).putLong(index).flip());
        crc.update(record, start, RECORD_BYTES - 4);
        return (int) crc.getValue();
    }

    private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** Whether there was a journal that could be read; without one, nothing is known about what is on the disk. */
    boolean wasSound() {
        return sound;
    }

    /** The pieces of a shard that it vouches for. */
    BitSet vouched(int shard) {
        return vouched.get(shard);
    }

    /** Adds entries and forces them to the disk. */
    void append(List<Entry> entries) throws IOException {
        if (entries.isEmpty()) {
            return;
        }
        file.position(HEAD_BYTES + records * RECORD_BYTES); // over what a write that failed left behind
        write(file, encode(root, records, entries));
        file.force(false);
        records += entries.size();
        for (Entry entry : entries) {
            switch (entry.kind()) {
                case HAVE -> vouched.get(entry.shard()).set(entry.piece());
                case GONE -> vouched.get(entry.shard()).clear(entry.piece());
                case SHARD_GONE -> vouched.get(entry.shard()).clear();
            }
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
