package io.infergrid.compute.plan;

import io.infergrid.compute.engine.StageSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the stages of a model that fit a rig's memory with the keys and values of its sessions, and cuts the model for rigs of
 * that size.
 */
public final class StagePlanner {

    private final ModelFootprint model;
    private final Budget budget;

    /**
     * What a rig has and what it is to hold for each stage.
     *
     * @param memoryBytes of the device
     * @param reserveBytes of it that stay free: for the driver, the screen, and the engine's own buffers
     * @param sessions that are to have room for {@code positions} positions each
     */
    public record Budget(long memoryBytes, long reserveBytes, int sessions, int positions) {

        public Budget {
            if (memoryBytes < 1 || reserveBytes < 0 || sessions < 1 || positions < 1) {
                throw new IllegalArgumentException(
                        "expected memory, sessions and positions above 0 and a reserve of 0 or more, found "
                                + memoryBytes + ", " + sessions + ", " + positions + " and " + reserveBytes);
            }
        }

        /** What is left for weights, keys and values. */
        public long usableBytes() {
            return Math.max(0, memoryBytes - reserveBytes);
        }
    }

    /**
     * A stage that fits.
     *
     * @param weightBytes of its blocks and ends
     * @param cacheBytes of the keys and values of one session
     * @param sessions how many sessions of that length fit beside the weights
     * @param readBytes what a token makes it read of the weights
     */
    public record Fit(StageSpec spec, long weightBytes, long cacheBytes, long sessions, long readBytes) {

        /** Weights with the keys and values of so many sessions. */
        public long bytes(long sessionsHeld) {
            return weightBytes + sessionsHeld * cacheBytes;
        }

        /**
         * The least seconds that a token takes here: everything that it reads, at the memory's bandwidth. Decoding one token does
         * little arithmetic a byte, so that a device seldom beats this and a good one comes near.
         *
         * @param context positions that the session has already
         * @param bandwidthBytesPerSecond as measured by the benchmark, {@code memory.read}
         */
        public double secondsPerToken(ModelFootprint model, int context, double bandwidthBytesPerSecond) {
            return (readBytes + model.cacheBytes(spec, context)) / bandwidthBytesPerSecond;
        }
    }

    public StagePlanner(ModelFootprint model, Budget budget) {
        this.model = model;
        this.budget = budget;
    }

    /** The stage of these blocks, with the embedding before the first block and the head after the last. */
    public StageSpec stage(int first, int end) {
        return new StageSpec(first, end, first == 0, end == model.blocks());
    }

    /** The stage of these blocks, if it fits. */
    public Optional<Fit> fit(int first, int end) {
        return fit(first, end, budget.usableBytes());
    }

    private Optional<Fit> fit(int first, int end, long usable) {
        StageSpec spec = stage(first, end);
        long weights = model.weightBytes(spec);
        long cache = model.cacheBytes(spec, budget.positions());
        if (weights > usable || cache > (usable - weights) / budget.sessions()) {
            return Optional.empty();
        }
        return Optional.of(new Fit(spec, weights, cache, (usable - weights) / cache, model.readBytes(spec)));
    }

    /** The longest stage that begins with this block; empty if not even one block fits. */
    public Optional<Fit> longestFrom(int first) {
        return longestFrom(first, budget.usableBytes());
    }

    private Optional<Fit> longestFrom(int first, long usable) {
        Optional<Fit> longest = Optional.empty();
        for (int end = first + 1; end <= model.blocks(); end++) {
            Optional<Fit> next = fit(first, end, usable);
            if (next.isEmpty()) {
                break;
            }
            longest = next;
        }
        return longest;
    }

    /** The longest stage that begins with each block, in order; blocks that do not fit at all are left out. */
    public List<Fit> longest() {
        var all = new ArrayList<Fit>();
        for (int first = 0; first < model.blocks(); first++) {
            longestFrom(first).ifPresent(all::add);
        }
        return all;
    }

    /**
     * The model cut for rigs of this memory: as few stages as can be, the largest as small as can be; empty if some block fits none.
     */
    public List<Fit> cut() {
        List<Fit> fewest = cut(budget.usableBytes());
        if (fewest.isEmpty()) {
            return List.of();
        }
        long tooSmall = 0;
        long enough = budget.usableBytes();
        while (enough - tooSmall > 1) {
            long middle = tooSmall + (enough - tooSmall) / 2;
            List<Fit> cut = cut(middle);
            if (cut.size() == fewest.size()) {
                enough = middle;
            } else {
                tooSmall = middle;
            }
        }
        // the same blocks again, each with all the memory of its rig
        return cut(enough).stream()
                .map(stage ->
                        fit(stage.spec().firstBlock(), stage.spec().endBlock()).orElseThrow())
                .toList();
    }

    private List<Fit> cut(long usable) {
        var stages = new ArrayList<Fit>();
        for (int first = 0;
                first < model.blocks();
                first = stages.getLast().spec().endBlock()) {
            Optional<Fit> next = longestFrom(first, usable);
            if (next.isEmpty()) {
                return List.of();
            }
            stages.add(next.get());
        }
        return stages;
    }
}
