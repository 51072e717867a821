package io.infergrid.compute.sampling;

/**
 * How tokens are drawn.
 *
 * @param temperature 0 for the most probable token; 1 for the model's own distribution
 * @param topK only the k most probable tokens; 0 for no limit
 * @param topP only the most probable tokens that together have this probability; 1 for no limit
 * @param minP only tokens at least this probable relative to the most probable one; 0 for no limit
 * @param repetitionPenalty divides positive and multiplies negative logits of recent tokens; 1 for none
 * @param seed of the noise; the same seed gives the same text
 */
public record SamplingParameters(
        float temperature, int topK, float topP, float minP, float repetitionPenalty, long seed) {

    /** Always the most probable token. */
    public static final SamplingParameters GREEDY = new SamplingParameters(0, 0, 1, 0, 1, 0);

    public SamplingParameters {
        require(temperature >= 0 && temperature <= 100, "a temperature in 0..100", temperature);
        require(topK >= 0, "a top-k of 0 or more", topK);
        require(topP > 0 && topP <= 1, "a top-p in (0, 1]", topP);
        require(minP >= 0 && minP <= 1, "a min-p in 0..1", minP);
        require(
                repetitionPenalty >= 0.1f && repetitionPenalty <= 10,
                "a repetition penalty in 0.1..10",
                repetitionPenalty);
    }

    public static SamplingParameters of(float temperature, int topK, float topP, long seed) {
        return new SamplingParameters(temperature, topK, topP, 0, 1, seed);
    }

    private static void require(boolean holds, String expected, Number found) {
        if (!holds) {
            throw new IllegalArgumentException("expected " + expected + ", found " + found);
        }
    }
}
