package io.infergrid.compute.slice;

/** The points of the forward pass at which every member needs what all have computed, in the order of a block. */
public enum Gather {
    /** Outputs of the attention heads: {@code [heads * headDimension]}. */
    ATTENTION(false),
    /** The residual stream behind attention: {@code [dimension]}. */
    RESIDUAL(false),
    /** The activated hidden layer: {@code [feedForward]}. */
    HIDDEN(false),
    /** The block's boundary, rounded to halves: {@code [dimension]}. */
    BOUNDARY(true),
    /** Logits, which only member 0 needs: {@code [vocabulary]}. */
    LOGITS(false);

    private final boolean halves;

    Gather(boolean halves) {
        this.halves = halves;
    }

    /** Whether every element is a half, so that two bytes say it exactly. */
    public boolean halves() {
        return halves;
    }

    public int bytesPerElement() {
        return halves ? 2 : 4;
    }
}
