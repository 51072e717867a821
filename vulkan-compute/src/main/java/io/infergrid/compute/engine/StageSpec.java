package io.infergrid.compute.engine;

/**
 * The part of a model that one stage runs: blocks {@code [firstBlock, endBlock)}, the input embedding before them, the
 * output head (final norm and output matrix) after them.
 */
public record StageSpec(int firstBlock, int endBlock, boolean embedding, boolean head) {

    public StageSpec {
        if (firstBlock < 0 || endBlock < firstBlock) {
            throw new IllegalArgumentException(
                    "expected 0 <= first <= end block, found [" + firstBlock + ", " + endBlock + ")");
        }
        if (firstBlock == endBlock && !embedding && !head) {
            throw new IllegalArgumentException("expected a stage with work, found no block, no embedding and no head");
        }
    }

    /** The whole of a model with {@code blocks} blocks. */
    public static StageSpec whole(int blocks) {
        return new StageSpec(0, blocks, true, true);
    }

    public int blocks() {
        return endBlock - firstBlock;
    }
}
