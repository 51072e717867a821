package io.infergrid.compute.model;

/** How a model's rotary embedding is stretched to contexts longer than it was first trained for. */
public sealed interface RotaryScaling {

    /** Not at all. Llama 3's stretching is a tensor of factors in the file, which comes on top of any of these. */
    record None() implements RotaryScaling {}

    /**
     * Every frequency is divided by the factor.
     *
     * @param factor above 0
     */
    record Linear(float factor) implements RotaryScaling {}

    /**
     * YaRN (Peng, Quesnelle, Fan, Shippole 2023, arXiv 2309.00071): low frequencies are divided by the factor, high ones stay as
     * they are, those between are mixed, and the rotation grows the vectors a little.
     *
     * @param factor by how much the context grows, above 0
     * @param originalContext positions that the model was first trained for
     * @param attentionFactor on top of the growth that the paper gives; 1 for the paper's
     * @param betaFast turns in the original context above which a frequency stays as it is; the paper's is 32
     * @param betaSlow turns below which it is divided; the paper's is 1
     */
    record Yarn(float factor, int originalContext, float attentionFactor, float betaFast, float betaSlow)
            implements RotaryScaling {}
}
