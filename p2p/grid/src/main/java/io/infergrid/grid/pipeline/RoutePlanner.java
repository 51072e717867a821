package io.infergrid.grid.pipeline;

import io.infergrid.grid.BlockRange;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Picks the stages of a session: the chain of served ranges from the first block to the last with the least predicted time for
 * one token, which is the sum of the stages' step times and of the ways between. Deterministic: among equals the smaller peer id.
 */
public final class RoutePlanner {

    /** What an unmeasured stage is taken to cost, a block. */
    private static final long UNMEASURED_NANOS = 1_000_000;

    private RoutePlanner() {}

    /**
     * A stage that a peer serves.
     *
     * @param step measured time for one token, zero if not measured
     * @param roundTrip to the peer, zero if not measured
     */
    public record Candidate(
            PeerId peer,
            List<Multiaddr> addresses,
            String device,
            BlockRange blocks,
            Duration step,
            Duration roundTrip) {

        /** A stage is a peer with a range. */
        record Key(PeerId peer, BlockRange blocks) {}

        long nanos() {
            long compute = step.isZero() ? UNMEASURED_NANOS * blocks.blocks() : step.toNanos();
            return compute + roundTrip.toNanos() / 2;
        }
    }

    /** The chain, in the order of the blocks; empty if the candidates do not cover the model. */
    public static Optional<List<Candidate>> plan(int blocks, Collection<Candidate> candidates) {
        List<Candidate> ordered = new ArrayList<>(candidates);
        ordered.sort(Comparator.comparing((Candidate c) -> c.blocks()).thenComparing(Candidate::peer));
        long[] cost = new long[blocks + 1]; // of the cheapest chain that ends before this block
        Arrays.fill(cost, Long.MAX_VALUE);
        cost[0] = 0;
        var last = new @Nullable Candidate[blocks + 1];
        for (Candidate candidate : ordered) { // by first block, so that cost[first] is final
            int first = candidate.blocks().first();
            int end = candidate.blocks().end();
            if (end <= blocks && cost[first] != Long.MAX_VALUE && cost[first] + candidate.nanos() < cost[end]) {
                cost[end] = cost[first] + candidate.nanos();
                last[end] = candidate;
            }
        }
        var chain = new ArrayList<Candidate>();
        for (int end = blocks; end > 0; ) {
            Candidate stage = last[end];
            if (stage == null) {
                return Optional.empty();
            }
            chain.add(stage);
            end = stage.blocks().first();
        }
        Collections.reverse(chain);
        return Optional.of(chain);
    }

    /**
     * For each stage of a route the peer that can take its place: it serves the same blocks, has no other part in the route if that can
     * be had, and costs least.
     */
    public static List<Optional<Candidate>> standbys(List<Candidate> route, Collection<Candidate> candidates) {
        var taken = new HashSet<PeerId>();
        route.forEach(stage -> taken.add(stage.peer()));
        var standbys = new ArrayList<Optional<Candidate>>();
        for (Candidate stage : route) {
            Optional<Candidate> best = candidates.stream()
                    .filter(c -> c.blocks().equals(stage.blocks()) && !c.peer().equals(stage.peer()))
                    .min(Comparator.comparing((Candidate c) -> taken.contains(c.peer()))
                            .thenComparingLong(Candidate::nanos)
                            .thenComparing(Candidate::peer));
            best.ifPresent(c -> taken.add(c.peer()));
            standbys.add(best);
        }
        return standbys;
    }

    /** The blocks that no candidate serves, for people; empty if each is served (the ranges may still not fit together). */
    public static String uncovered(int blocks, Collection<Candidate> candidates) {
        var parts = new ArrayList<String>();
        for (int block = 0; block < blocks; block++) {
            int first = block;
            while (block < blocks && !served(block, candidates)) {
                block++;
            }
            if (block > first) {
                parts.add(new BlockRange(first, block).toString());
            }
        }
        return String.join(", ", parts);
    }

    private static boolean served(int block, Collection<Candidate> candidates) {
        return candidates.stream()
                .anyMatch(c -> c.blocks().first() <= block && block < c.blocks().end());
    }
}
