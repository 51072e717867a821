package io.infergrid.compute.benchmark;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import java.time.Duration;

/**
 * What a benchmark measures.
 *
 * @param modelName first part of the model's figures, e.g. {@code demo}
 * @param model whose tokens a second are measured
 * @param promptTokens of a prefill
 * @param generatedTokens of a decode that follows it
 * @param perFigure how long each figure is measured; it is the median of what was seen
 * @param transferBytes of a memory measurement
 */
public record BenchmarkPlan(
        String modelName,
        TensorSource model,
        int promptTokens,
        int generatedTokens,
        Duration perFigure,
        long transferBytes) {

    public BenchmarkPlan {
        if (promptTokens < 1 || generatedTokens < 1) {
            throw new IllegalArgumentException("expected at least one prompt and one generated token, found "
                    + promptTokens + " and " + generatedTokens);
        }
    }

    /** About ten seconds with a model that a user has at hand. */
    public static BenchmarkPlan of(String modelName, TensorSource model) {
        return new BenchmarkPlan(modelName, model, 64, 32, Duration.ofSeconds(1), 64L << 20);
    }

    /** The same without a model file: a quarter of a million weights from a seed. */
    public static BenchmarkPlan seeded() {
        return of("tiny", SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 1));
    }
}
