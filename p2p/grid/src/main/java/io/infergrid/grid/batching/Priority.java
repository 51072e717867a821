package io.infergrid.grid.batching;

/** How urgent a session's steps are at a stage, the most urgent first. The order is that of the wire. */
public enum Priority {
    /** Somebody watches the tokens come. */
    INTERACTIVE(Integer.MAX_VALUE),
    /** Work that is to be done, and that nobody watches. */
    BATCH(4),
    /** A standby that catches up with what the active stage computed. */
    STANDBY(8),
    /** A window that is computed again to check it. */
    AUDIT(16);

    private final int patience;

    Priority(int patience) {
        this.patience = patience;
    }

    /** Batches that may pass a waiting step over before it leads one, whatever is more urgent. */
    int patience() {
        return patience;
    }

    /** The less urgent of the two. */
    public Priority orLater(Priority other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
