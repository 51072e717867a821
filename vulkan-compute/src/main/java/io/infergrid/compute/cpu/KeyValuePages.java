package io.infergrid.compute.cpu;

import io.infergrid.compute.arithmetic.Layers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of one session, as halves, in pages of 32 positions of all blocks of the stage, which is also how IG1 sums
 * over positions. Inside a page, keys lie with positions side by side (a SIMD lane is a position) and values with a head's
 * elements side by side (a lane is an element). Pages are counted by the stage's {@link PageBudget}.
 *
 * <p>Used by the holder of the stage's turn; several workers store different positions at once.
 */
final class KeyValuePages {

    static final int CHUNK = Layers.ATTENTION_CHUNK;

    /** What a page holds. */
    record Shape(int blocks, int kvHeads, int headDimension) {

        /** The head dimension rounded up to whole vectors. */
        int paddedDimension() {
            return (headDimension + Lanes.COUNT - 1) / Lanes.COUNT * Lanes.COUNT;
        }

        /** Shorts of a block's keys. */
        int keys() {
            return kvHeads * headDimension * CHUNK;
        }

        /** Shorts of a block's values. */
        int values() {
            return kvHeads * paddedDimension() * CHUNK;
        }

        long pageBytes() {
            return 2L * blocks * (keys() + values());
        }
    }

    /**
     * Keys and values of 32 positions.
     *
     * @param keys [blocks][kvHeads][headDimension][32 positions]
     * @param values [blocks][kvHeads][32 positions][paddedDimension]
     */
    private record Page(short[][] keys, short[][] values) {

        static Page of(Shape shape) {
            return new Page(new short[shape.blocks()][shape.keys()], new short[shape.blocks()][shape.values()]);
        }
    }

    private final Shape shape;
    private final PageBudget budget;
    private final int paddedDimension;
    private final List<Page> pages = new ArrayList<>();
    private @Nullable FileChannel suspended;
    private int suspendedPages;

    KeyValuePages(Shape shape, PageBudget budget) {
        this.shape = shape;
        this.budget = budget;
        this.paddedDimension = shape.paddedDimension();
    }

    static int pages(int positions) {
        return (positions + CHUNK - 1) / CHUNK;
    }

    /** Pages that must be taken from the budget so that {@code positions} positions are in memory. */
    synchronized int missing(int positions) {
        return Math.max(0, Math.max(pages(positions), suspendedPages) - pages.size());
    }

    /** Brings back what was suspended and makes room for {@code positions} positions, from pages that were taken already. */
    synchronized void reserve(int positions) {
        resume();
        while (pages.size() < pages(positions)) {
            pages.add(Page.of(shape));
        }
    }

    /** Gives back the pages that hold only positions from {@code positions} on. */
    synchronized void keep(int positions) {
        int kept = pages(positions);
        suspendedPages = Math.min(suspendedPages, kept);
        if (pages.size() > kept) {
            int gone = pages.size() - kept;
            pages.subList(kept, pages.size()).clear();
            budget.giveBack(gone);
        }
    }

    /** Moves all pages to a file that only this process and user can read, and gives them back. */
    synchronized void suspend() {
        if (pages.isEmpty()) {
            return;
        }
        FileChannel file = null;
        try {
            Path path = Files.createTempFile("infergrid-session-", ".kv");
            file = FileChannel.open(
                    path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            var bytes = ByteBuffer.allocateDirect(2 * Math.max(shape.keys(), shape.values()));
            for (Page page : pages) {
                for (int block = 0; block < shape.blocks(); block++) {
                    write(page.keys()[block], bytes, file);
                    write(page.values()[block], bytes, file);
                }
            }
        } catch (IOException failed) {
            closeQuietly(file, failed);
            throw new UncheckedIOException("writing a suspended session's keys and values failed", failed);
        }
        suspended = file;
        suspendedPages = pages.size();
        keepNone();
    }

    private void keepNone() {
        int gone = pages.size();
        pages.clear();
        budget.giveBack(gone);
    }

    private void resume() {
        FileChannel file = suspended;
        if (file == null) {
            return;
        }
        var read = new ArrayList<Page>();
        try {
            file.position(0);
            var bytes = ByteBuffer.allocateDirect(2 * Math.max(shape.keys(), shape.values()));
            for (int i = 0; i < suspendedPages; i++) {
                Page page = Page.of(shape);
                for (int block = 0; block < shape.blocks(); block++) {
                    read(page.keys()[block], bytes, file);
                    read(page.values()[block], bytes, file);
                }
                read.add(page);
            }
            file.close();
        } catch (IOException failed) {
            throw new UncheckedIOException("reading a suspended session's keys and values failed", failed);
        }
        pages.addAll(read);
        suspended = null;
        suspendedPages = 0;
    }

    private static void write(short[] halves, ByteBuffer bytes, FileChannel file) throws IOException {
        bytes.clear();
        bytes.asShortBuffer().put(halves);
        bytes.limit(2 * halves.length);
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    private static void read(short[] halves, ByteBuffer bytes, FileChannel file) throws IOException {
        bytes.clear().limit(2 * halves.length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes) < 0) {
                throw new IOException("expected " + bytes.remaining() + " more bytes, found the file's end");
            }
        }
        bytes.flip().asShortBuffer().get(halves);
    }

    private static void closeQuietly(@Nullable FileChannel file, IOException failed) {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException another) {
            failed.addSuppressed(another);
        }
    }

    /** Gives back everything. */
    synchronized void close() {
        keepNone();
        FileChannel file = suspended;
        suspended = null;
        suspendedPages = 0;
        if (file != null) {
            try {
                file.close();
            } catch (IOException failed) {
                throw new UncheckedIOException("removing a suspended session's keys and values failed", failed);
            }
        }
    }

    short[] keys(int block, int page) {
        return pages.get(page).keys()[block];
    }

    short[] values(int block, int page) {
        return pages.get(page).values()[block];
    }

    /** Where the keys of a head begin in a page. */
    int keysAt(int head) {
        return head * shape.headDimension() * CHUNK;
    }

    /** Where the values of a head begin in a page. */
    int valuesAt(int head) {
        return head * paddedDimension * CHUNK;
    }

    /**
     * Stores one position's key and value in a block.
     *
     * @param key {@code [kvHeads][headDimension]} from {@code keyFrom} on, after rotation
     * @param halves room for headDimension shorts
     */
    void store(int block, int position, float[] key, int keyFrom, float[] value, int valueFrom, short[] halves) {
        int headDimension = shape.headDimension();
        short[] keys = keys(block, position / CHUNK);
        short[] values = values(block, position / CHUNK);
        int lane = position % CHUNK;
        for (int head = 0; head < shape.kvHeads(); head++) {
            VectorIg1.toHalf(key, keyFrom + head * headDimension, headDimension, halves, 0);
            int at = keysAt(head) + lane;
            for (int d = 0; d < headDimension; d++) {
                keys[at + d * CHUNK] = halves[d];
            }
            VectorIg1.toHalf(
                    value,
                    valueFrom + head * headDimension,
                    headDimension,
                    values,
                    valuesAt(head) + lane * paddedDimension);
        }
    }
}
