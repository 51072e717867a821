package io.infergrid.compute.engine;

/**
 * The keys and values of the next positions do not fit in the stage's {@link StageLimits#cacheBytes}. Nothing has moved: the
 * same call succeeds once other sessions of the stage have been suspended, rewound or closed.
 */
public final class CacheFullException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final long budgetBytes;
    private final long usedBytes;
    private final long neededBytes;

    /**
     * @param budgetBytes of the stage
     * @param usedBytes that its sessions hold now
     * @param neededBytes that the call would take beside them
     */
    public CacheFullException(long budgetBytes, long usedBytes, long neededBytes) {
        super("expected keys and values within the stage's budget of " + budgetBytes + " bytes, found " + usedBytes
                + " bytes in use and " + neededBytes + " more needed");
        this.budgetBytes = budgetBytes;
        this.usedBytes = usedBytes;
        this.neededBytes = neededBytes;
    }

    public long budgetBytes() {
        return budgetBytes;
    }

    public long usedBytes() {
        return usedBytes;
    }

    public long neededBytes() {
        return neededBytes;
    }
}
