package io.infergrid.compute.model;

/**
 * The shape of a Llama-family model, from a GGUF's metadata.
 *
 * @param architecture {@code general.architecture}: llama, qwen2, ...
 * @param dimension embedding length
 * @param blocks number of transformer blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDimension elements of one head
 * @param feedForward hidden elements of the feed-forward layer
 * @param vocabulary number of tokens
 * @param contextLength positions the model was trained for
 * @param ropeBase base of the rotary frequencies
 * @param ropeDimensions rotated elements of each head
 * @param neoxRope true if element i is rotated with i + ropeDimensions/2 (Qwen2), false if with its neighbour (Llama)
 * @param normEpsilon added to the mean square in RMS norm
 */
public record ModelConfig(
        String architecture,
        int dimension,
        int blocks,
        int heads,
        int kvHeads,
        int headDimension,
        int feedForward,
        int vocabulary,
        int contextLength,
        float ropeBase,
        int ropeDimensions,
        boolean neoxRope,
        float normEpsilon) {}
