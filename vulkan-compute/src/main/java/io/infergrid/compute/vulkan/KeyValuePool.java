package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.StageLimits;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The keys and values of all sessions of a stage, in pages of 32 positions that sessions take and give back. A page has the
 * same number in every block's buffers, [page][32][kvHeads * headDimension]. The buffers grow with use. Guarded by its stage.
 */
final class KeyValuePool implements AutoCloseable {

    /** Positions of a page, which are those of a chunk of attention. */
    static final int PAGE_POSITIONS = StageLimits.PAGE_POSITIONS;

    private static final int FEWEST_PAGES = 8;

    /** One block's buffers. */
    record Cache(DeviceBuffer keys, DeviceBuffer values) implements AutoCloseable {

        @Override
        public void close() {
            keys.close();
            values.close();
        }
    }

    private final VulkanDevice device;
    private final boolean wide;
    /** Of one block's keys, or its values. */
    private final long sideBytes;

    private final long pageBytes;
    private final long budgetBytes;
    private final int mostPages;
    private final List<Cache> caches = new ArrayList<>();
    private final BitSet taken = new BitSet();
    private int capacity;
    private int generation;

    /**
     * @param columns elements of a position's keys
     * @param wide true for binary32, false for halves
     */
    KeyValuePool(VulkanDevice device, int blocks, int columns, boolean wide, StageLimits limits) {
        this.device = device;
        this.wide = wide;
        sideBytes = (wide ? 4L : 2L) * PAGE_POSITIONS * columns;
        pageBytes = 2 * blocks * sideBytes;
        long texels = PAGE_POSITIONS * (columns / 4L);
        long addressable = Math.min(
                device.facts().maxTexelBufferElements() / texels, device.facts().maxStorageBufferBytes() / sideBytes);
        long affordable = pageBytes == 0 ? Long.MAX_VALUE : limits.cacheBytes() / pageBytes;
        mostPages = (int) Math.min(Integer.MAX_VALUE, Math.min(addressable, affordable));
        budgetBytes = Math.min(limits.cacheBytes(), Math.max(1, mostPages * pageBytes));
        try {
            for (int i = 0; i < blocks; i++) {
                caches.add(cache(0));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Cache cache(int pages) {
        int format = wide ? VK_FORMAT_R32G32B32A32_UINT : VK_FORMAT_R32G32_UINT;
        var keys = device.texels(pages * sideBytes, DeviceMemory.Place.DEVICE, format);
        try {
            return new Cache(keys, device.texels(pages * sideBytes, DeviceMemory.Place.DEVICE, format));
        } catch (RuntimeException e) {
            keys.close();
            throw e;
        }
    }

    /** Bytes of a page in all blocks. */
    long pageBytes() {
        return pageBytes;
    }

    /** Bytes that sessions hold. */
    long usedBytes() {
        return taken.cardinality() * pageBytes;
    }

    /** Changes whenever buffers do: what was recorded with the old ones must be recorded anew. */
    int generation() {
        return generation;
    }

    List<Cache> caches() {
        return caches;
    }

    /**
     * Makes room for more pages.
     *
     * @throws CacheFullException if the stage's limits leave none; nothing has changed then
     * @throws VulkanException if the device has no memory left; nothing is lost then
     */
    void reserve(int more) {
        int needed = taken.cardinality() + more;
        if (needed > mostPages) {
            throw new CacheFullException(budgetBytes, usedBytes(), more * pageBytes);
        }
        if (needed > capacity) {
            grow((int) Math.min(mostPages, Math.max(Math.max(FEWEST_PAGES, needed), 2L * capacity)));
        }
    }

    private void grow(int pages) {
        generation++;
        for (int i = 0; i < caches.size(); i++) {
            Cache old = caches.get(i);
            Cache grown = cache(pages);
            try (var sequence = new CommandSequence(device)) {
                if (capacity > 0) {
                    sequence.copy(old.keys(), 0, grown.keys(), 0, capacity * sideBytes)
                            .copy(old.values(), 0, grown.values(), 0, capacity * sideBytes)
                            .end()
                            .run();
                }
            } catch (RuntimeException e) {
                grown.close();
                throw e;
            }
            caches.set(i, grown);
            old.close();
        }
        capacity = pages;
    }

    /** A page that {@link #reserve} has made room for. */
    int take() {
        int page = taken.nextClearBit(0);
        taken.set(page);
        return page;
    }

    void giveBack(int page) {
        taken.clear(page);
    }

    /** Copies pages to the host, [block][keys, values][page]. */
    void save(int[] pages, MemorySegment to) {
        transfer(pages, pages.length, to, device::download);
    }

    /**
     * Brings back the first of the pages that {@link #save} has written, perhaps to other places.
     *
     * @param saved pages that were saved
     */
    void restore(int[] pages, int saved, MemorySegment from) {
        transfer(pages, saved, from, device::upload);
    }

    private interface Transfer {
        void run(DeviceBuffer buffer, long[] offsets, long bytesEach, MemorySegment host);
    }

    private void transfer(int[] pages, int saved, MemorySegment host, Transfer transfer) {
        var offsets = new long[pages.length];
        for (int i = 0; i < pages.length; i++) {
            offsets[i] = pages[i] * sideBytes;
        }
        long side = saved * sideBytes;
        for (int i = 0; i < caches.size(); i++) {
            Cache cache = caches.get(i);
            transfer.run(cache.keys(), offsets, sideBytes, host.asSlice(2 * i * side, side));
            transfer.run(cache.values(), offsets, sideBytes, host.asSlice((2 * i + 1) * side, side));
        }
    }

    @Override
    public void close() {
        caches.forEach(Cache::close);
        caches.clear();
    }
}
