package io.infergrid.grid.exchange;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides, round after round, who may fetch from this node. While the node fetches itself, those who give it most come first, and one
 * slot goes round among the others, so that newcomers can show what they have to give (tit for tat with an optimistic slot). While it
 * only seeds, half the slots go to those who take fastest, which spreads pieces soonest, and the rest go round. Whoever waits longest
 * is next wherever slots go round, so nobody waits for ever.
 *
 * <p>Pure: time is the count of rounds. Not thread-safe.
 *
 * @param <P> a peer, compared by {@code equals}
 */
final class Choker<P> {

    /** Rounds that a peer keeps a slot that goes round. */
    static final int TENURE = 3;

    private final int slots;
    private long round;
    /** The last round in which a peer had a slot. */
    private final Map<P, Long> served = new HashMap<>();
    /** Peers in slots that go round, with the round they came in. */
    private final Map<P, Long> goingRound = new HashMap<>();

    Choker(int slots) {
        this.slots = slots;
    }

    /**
     * Someone who wants pieces from here.
     *
     * @param givesUs bytes a second that it sends this node
     * @param takes bytes a second that it takes from this node
     */
    record Applicant<P>(P peer, long givesUs, long takes) {}

    /**
     * Who has a slot from now on; at most as many as there are slots.
     *
     * @param fetching whether this node still fetches something itself
     */
    Set<P> next(List<Applicant<P>> applicants, boolean fetching) {
        round++;
        forgetAllBut(applicants);
        var chosen = new LinkedHashSet<P>();
        if (applicants.size() <= slots) {
            applicants.forEach(applicant -> chosen.add(applicant.peer()));
            goingRound.clear();
        } else if (slots > 0) {
            int merit = fetching ? slots - 1 : slots / 2;
            applicants.stream()
                    .filter(applicant -> (fetching ? applicant.givesUs() : applicant.takes()) > 0)
                    .sorted(Comparator.comparingLong((Applicant<P> a) -> fetching ? a.givesUs() : a.takes())
                            .reversed())
                    .limit(merit)
                    .forEach(applicant -> chosen.add(applicant.peer()));
            goRound(applicants, chosen);
        }
        chosen.forEach(peer -> served.put(peer, round));
        return chosen;
    }

    private void goRound(List<Applicant<P>> applicants, Set<P> chosen) {
        goingRound.keySet().removeAll(chosen);
        goingRound.values().removeIf(since -> round - since >= TENURE);
        var keep = new ArrayList<>(goingRound.keySet());
        for (P peer : keep) {
            if (chosen.size() < slots) {
                chosen.add(peer);
            } else {
                goingRound.remove(peer);
            }
        }
        for (P peer; chosen.size() < slots && (peer = longestWaiting(applicants, chosen)) != null; ) {
            chosen.add(peer);
            goingRound.put(peer, round);
        }
    }

    private @Nullable P longestWaiting(List<Applicant<P>> applicants, Set<P> chosen) {
        P longest = null;
        long since = Long.MAX_VALUE;
        for (Applicant<P> applicant : applicants) {
            long last = served.getOrDefault(applicant.peer(), Long.MIN_VALUE);
            if (!chosen.contains(applicant.peer()) && (longest == null || last < since)) {
                longest = Objects.requireNonNull(applicant.peer());
                since = last;
            }
        }
        return longest;
    }

    private void forgetAllBut(List<Applicant<P>> applicants) {
        var here = new HashSet<P>();
        applicants.forEach(applicant -> here.add(applicant.peer()));
        served.keySet().retainAll(here);
        goingRound.keySet().retainAll(here);
    }
}
