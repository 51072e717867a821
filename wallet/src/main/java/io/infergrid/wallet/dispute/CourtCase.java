package io.infergrid.wallet.dispute;

import io.infergrid.wallet.Address;
import java.time.Instant;

/**
 * How a dispute stands.
 *
 * @param guilty the provisional or final verdict
 */
public record CourtCase(
        long id,
        State state,
        boolean guilty,
        Address worker,
        Address challenger,
        Instant revealBy,
        Instant verdictBy,
        Instant appealBy,
        Instant votesBy,
        Instant votesRevealedBy) {

    /** By the contract's numbers. */
    public enum State {
        NONE,
        /** Waits for the worker's leaf. */
        OPEN,
        /** Waits for the panel. */
        REVEALED,
        /** Waits for an appeal. */
        JUDGED,
        /** Waits for votes. */
        APPEALED,
        GUILTY,
        NOT_GUILTY,
        /** Lost by not revealing. */
        SILENT,
        /** No verdict in time. */
        LAPSED
    }
}
