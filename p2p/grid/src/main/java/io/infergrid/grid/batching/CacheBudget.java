package io.infergrid.grid.batching;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which sessions' keys and values may be in memory. Each session claims what it may grow to. Where a new one does not fit, those that have
 * been idle longest are suspended; they come back when they are computed again, in place of others. A session in the middle of a step is never
 * suspended, so a conversation in which tokens flow stays. Not thread-safe; time is the caller's.
 *
 * @param <K> a session
 */
public final class CacheBudget<K> {

    /** What the budget says to a session that wants memory. */
    public sealed interface Answer<K> {

        /**
         * It has it, once these are suspended; they count as suspended from now on.
         *
         * @param suspend sessions, longest idle first
         */
        record Granted<K>(List<K> suspend) implements Answer<K> {}

        /**
         * Not now.
         *
         * @param freeBytes that it could have now, with all suspended that may be
         */
        record Full<K>(long freeBytes) implements Answer<K> {}

        /** Never: it asks for more than there is. */
        record TooLarge<K>(long budgetBytes) implements Answer<K> {}
    }

    private static final class Claim {
        private final long bytes;
        private boolean resident;
        private int steps;
        private long idleSince;

        Claim(long bytes) {
            this.bytes = bytes;
        }
    }

    private final long budgetBytes;
    private final long suspendedBudgetBytes;
    private final long suspendAfterNanos;
    private final Map<K, Claim> claims = new LinkedHashMap<>();
    private long residentBytes;
    private long suspendedBytes;

    /**
     * @param budgetBytes in memory
     * @param suspendedBudgetBytes put away
     * @param suspendAfterNanos idle time before a session is suspended for another
     */
    public CacheBudget(long budgetBytes, long suspendedBudgetBytes, long suspendAfterNanos) {
        this.budgetBytes = budgetBytes;
        this.suspendedBudgetBytes = suspendedBudgetBytes;
        this.suspendAfterNanos = suspendAfterNanos;
    }

    /** A new session asks for memory; if it is granted, it is idle from now on. */
    public Answer<K> admit(K session, long bytes, long now) {
        if (bytes < 0 || claims.containsKey(session)) {
            throw new IllegalArgumentException(
                    "expected a new session with a claim of 0 bytes or more, found " + bytes + " bytes for " + session);
        }
        if (bytes > budgetBytes) {
            return new Answer.TooLarge<>(budgetBytes);
        }
        Answer<K> answer = makeRoom(bytes, null, now);
        if (answer instanceof Answer.Granted<K>) {
            var claim = new Claim(bytes);
            claim.resident = true;
            claim.idleSince = now;
            claims.put(session, claim);
            residentBytes += bytes;
        }
        return answer;
    }

    /** A session is to be computed: it must be in memory and stays there until {@link #stepDone}, if this is granted. */
    public Answer<K> step(K session, long now) {
        Claim claim = claims.get(session);
        if (claim == null) {
            return new Answer.Granted<>(List.of()); // it is over, and finds out by itself
        }
        Answer<K> answer = claim.resident ? new Answer.Granted<>(List.of()) : makeRoom(claim.bytes, claim, now);
        if (answer instanceof Answer.Granted<K>) {
            if (!claim.resident) {
                claim.resident = true;
                suspendedBytes -= claim.bytes;
                residentBytes += claim.bytes;
            }
            claim.steps++;
        }
        return answer;
    }

    /** The step that was granted is over. */
    public void stepDone(K session, long now) {
        Claim claim = claims.get(session);
        if (claim != null && claim.steps > 0) {
            claim.steps--;
            claim.idleSince = now;
        }
    }

    /** The session has ended, and its memory is free. */
    public void release(K session) {
        Claim claim = claims.remove(session);
        if (claim != null) {
            residentBytes -= claim.resident ? claim.bytes : 0;
            suspendedBytes -= claim.resident ? 0 : claim.bytes;
        }
    }

    public long residentBytes() {
        return residentBytes;
    }

    public long suspendedBytes() {
        return suspendedBytes;
    }

    public boolean resident(K session) {
        Claim claim = claims.get(session);
        return claim != null && claim.resident;
    }

    /** Suspends as few as needed, longest idle first; all or none. */
    private Answer<K> makeRoom(long bytes, @Nullable Claim returning, long now) {
        long free = budgetBytes - residentBytes;
        // what comes back leaves its place among the suspended
        long away = suspendedBudgetBytes - suspendedBytes + (returning == null ? 0 : returning.bytes);
        var suspend = new ArrayList<K>();
        for (K idle : idleLongestFirst(now)) {
            if (free >= bytes) {
                break;
            }
            Claim claim = claims.get(idle);
            if (claim != null && claim.bytes > 0 && claim.bytes <= away) {
                suspend.add(idle);
                free += claim.bytes;
                away -= claim.bytes;
            }
        }
        if (free < bytes) {
            return new Answer.Full<>(free);
        }
        for (K idle : suspend) {
            Claim claim = claims.get(idle);
            if (claim != null) {
                claim.resident = false;
                residentBytes -= claim.bytes;
                suspendedBytes += claim.bytes;
            }
        }
        return new Answer.Granted<>(List.copyOf(suspend));
    }

    private List<K> idleLongestFirst(long now) {
        return claims.entrySet().stream()
                .filter(entry -> entry.getValue().resident
                        && entry.getValue().steps == 0
                        && now - entry.getValue().idleSince >= suspendAfterNanos)
                .sorted(Comparator.comparingLong(entry -> entry.getValue().idleSince))
                .map(Map.Entry::getKey)
                .toList();
    }
}
