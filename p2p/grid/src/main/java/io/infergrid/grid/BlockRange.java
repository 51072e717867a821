package io.infergrid.grid;

import io.infergrid.compute.engine.StageSpec;

/**
 * The contiguous blocks {@code [first, end)} of one stage. The stage that has block 0 also has the input embedding, the one
 * that has the last block also the output head.
 */
public record BlockRange(int first, int end) implements Comparable<BlockRange> {

    public BlockRange {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException("expected 0 <= first < end block, found [" + first + ", " + end + ")");
        }
    }

    public int blocks() {
        return end - first;
    }

    /** What the engine has to load for this range of a model with {@code modelBlocks} blocks. */
    public StageSpec spec(int modelBlocks) {
        if (end > modelBlocks) {
            throw new IllegalArgumentException("expected a range inside " + modelBlocks + " blocks, found " + this);
        }
        return new StageSpec(first, end, first == 0, end == modelBlocks);
    }

    @Override
    public int compareTo(BlockRange other) {
        return first != other.first ? Integer.compare(first, other.first) : Integer.compare(end, other.end);
    }

    /** For people: {@code 0-3} is blocks 0 to 3 inclusive. */
    @Override
    public String toString() {
        return blocks() == 1 ? Integer.toString(first) : first + "-" + (end - 1);
    }
}
