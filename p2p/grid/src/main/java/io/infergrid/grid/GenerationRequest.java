package io.infergrid.grid;

import io.infergrid.grid.batching.Priority;
import java.util.Set;

/**
 * A job for the grid: continue these tokens.
 *
 * @param model which model
 * @param prompt token ids, at least one
 * @param maxTokens most tokens to generate
 * @param sampling how the last stage picks tokens
 * @param stopTokens ids that end the answer; the one that ends it is not handed to the listener
 * @param priority at the stages, among what others have them compute
 */
public record GenerationRequest(
        Hash model, int[] prompt, int maxTokens, Sampling sampling, Set<Integer> stopTokens, Priority priority) {

    /** For somebody who watches the tokens come. */
    public GenerationRequest(Hash model, int[] prompt, int maxTokens, Sampling sampling, Set<Integer> stopTokens) {
        this(model, prompt, maxTokens, sampling, stopTokens, Priority.INTERACTIVE);
    }

    public GenerationRequest {
        prompt = prompt.clone();
        stopTokens = Set.copyOf(stopTokens);
        if (prompt.length == 0) {
            throw new IllegalArgumentException("expected a prompt of at least one token, found none");
        }
        if (maxTokens < 1) {
            throw new IllegalArgumentException("expected to generate at least one token, found " + maxTokens);
        }
    }

    /**
     * How tokens are drawn; the same parameters, seed and logits always give the same token.
     *
     * @param temperature 0 for greedy
     * @param topK 0 for no limit
     * @param topP 1 for no limit
     */
    public record Sampling(float temperature, int topK, float topP, long seed) {

        public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

        public Sampling {
            if (!(temperature >= 0 && temperature <= 100) || topK < 0 || !(topP > 0 && topP <= 1)) {
                throw new IllegalArgumentException(
                        "expected temperature in 0..100, top-k of 0 or more and top-p in (0, 1], found " + temperature
                                + ", " + topK + ", " + topP);
            }
        }
    }
}
