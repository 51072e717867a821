package io.infergrid.compute.cpu;

import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.StageLimits;

/** How much memory the pages of a stage's sessions take and may take. Thread-safe. */
final class PageBudget {

    private final long pageBytes;
    private final long budgetBytes;
    private long usedBytes;

    PageBudget(long pageBytes, StageLimits limits) {
        this.pageBytes = pageBytes;
        this.budgetBytes = limits.cacheBytes();
    }

    /**
     * Takes pages.
     *
     * @throws CacheFullException if they do not fit; then none is taken
     */
    synchronized void take(long pages) {
        long needed = Math.multiplyExact(pages, pageBytes);
        if (needed > budgetBytes - usedBytes) {
            throw new CacheFullException(budgetBytes, usedBytes, needed);
        }
        usedBytes += needed;
    }

    synchronized void giveBack(long pages) {
        usedBytes -= pages * pageBytes;
    }

    synchronized long usedBytes() {
        return usedBytes;
    }

    long pageBytes() {
        return pageBytes;
    }
}
