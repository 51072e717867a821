package io.infergrid.wallet;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What may leave the wallet without the limits being raised first. A limit that is raised counts only after a day, so that whoever
 * sits down at an unlocked rig cannot empty it at once.
 *
 * @param perTransaction most of one transaction, its fee aside
 * @param perDay most of any 24 hours
 */
public record SpendingLimits(Amount perTransaction, Amount perDay) {

    /** How long a raised limit waits. */
    public static final Duration COOL_DOWN = Duration.ofDays(1);

    /** What was spent when. */
    public record Spent(Instant at, Amount amount) {}

    /**
     * Why an amount may not leave now; empty if it may.
     *
     * @param history of the last 24 hours at least
     */
    public Optional<String> objection(Amount amount, List<Spent> history, Instant now) {
        if (amount.compareTo(perTransaction) > 0) {
            return Optional.of("expected at most " + perTransaction + " at once, found " + amount
                    + ": raise the limit in the settings; it counts a day later");
        }
        Amount today = history.stream()
                .filter(spent -> spent.at().isAfter(now.minus(Duration.ofDays(1))))
                .map(Spent::amount)
                .reduce(Amount.ZERO, Amount::plus);
        return today.plus(amount).compareTo(perDay) > 0
                ? Optional.of("expected at most " + perDay + " within a day, " + today
                        + " were spent already: wait, or raise the" + " limit in the settings; it counts a day later")
                : Optional.empty();
    }

    /** The limits that count when these were asked for at a time: lower ones at once, higher ones after the cool-down. */
    public SpendingLimits effective(SpendingLimits before, Instant asked, Instant now) {
        boolean cooled = !now.isBefore(asked.plus(COOL_DOWN));
        return cooled
                ? this
                : new SpendingLimits(lower(perTransaction, before.perTransaction), lower(perDay, before.perDay));
    }

    private static Amount lower(Amount a, Amount b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
