package io.infergrid.compute.engine;

/**
 * What a loaded stage may take beside its weights.
 *
 * @param cacheBytes memory for the keys and values of all its sessions together. They are kept in pages of
 *     {@link #PAGE_POSITIONS} positions (of all the stage's blocks) that sessions take as they grow and give back when they
 *     are rewound, suspended or closed
 */
public record StageLimits(long cacheBytes) {

    /** Positions of a page: those of a chunk of IG1's attention. */
    public static final int PAGE_POSITIONS = 32;

    /** As much as the machine has. */
    public static final StageLimits NONE = new StageLimits(Long.MAX_VALUE);

    public StageLimits {
        if (cacheBytes < 1) {
            throw new IllegalArgumentException("expected a positive number of bytes, found " + cacheBytes);
        }
    }
}
