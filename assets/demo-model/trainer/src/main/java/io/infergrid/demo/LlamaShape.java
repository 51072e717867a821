package io.infergrid.demo;

/**
 * The size of the model. Head dimension is {@code dimension / heads}; embeddings are tied to the output head.
 *
 * @param vocabulary number of tokens
 * @param dimension length of the residual stream
 * @param blocks transformer blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param feedForward hidden elements of the feed-forward layer
 * @param context positions the model is trained for
 */
public record LlamaShape(
        int vocabulary, int dimension, int blocks, int heads, int kvHeads, int feedForward, int context) {
    static final float ROPE_BASE = 10000f;
    static final float NORM_EPSILON = 1e-5f;

    /** Rejects shapes that Q8_0 blocks of 32 values cannot hold. */
    public LlamaShape {
        if (dimension % 32 != 0 || feedForward % 32 != 0 || dimension % heads != 0 || heads % kvHeads != 0) {
            throw new IllegalArgumentException("dimension " + dimension + " and feed-forward " + feedForward
                    + " must be multiples of 32, " + dimension + " of " + heads + " heads, those of " + kvHeads);
        }
    }

    int headDimension() {
        return dimension / heads;
    }

    int kvDimension() {
        return headDimension() * kvHeads;
    }
}
