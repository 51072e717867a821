package io.infergrid.compute.engine;

import io.infergrid.compute.arithmetic.RotaryTable;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.model.RotaryScaling;

/** The rotary table of a model, with the stretching that its metadata and its file ask for (docs/ig1.md, "Rotary"). */
public final class Rotary {

    private Rotary() {}

    /**
     * The table of the positions {@code 0 .. positions - 1}.
     *
     * @param factors what each frequency is divided by first, [ropeDimensions / 2] or empty
     */
    public static RotaryTable table(ModelConfig config, float[] factors, int positions) {
        double[] frequencies = RotaryTable.frequencies(config.ropeDimensions(), config.ropeBase(), factors);
        return switch (config.ropeScaling()) {
            case RotaryScaling.None() -> RotaryTable.of(0, positions, frequencies, 1.0);
            case RotaryScaling.Linear(float factor) -> {
                for (int i = 0; i < frequencies.length; i++) {
                    frequencies[i] = frequencies[i] / factor;
                }
                yield RotaryTable.of(0, positions, frequencies, 1.0);
            }
            case RotaryScaling.Yarn yarn -> {
                stretch(frequencies, config, yarn);
                double growth = yarn.attentionFactor() * (1.0 + 0.1 * StrictMath.log(yarn.factor()));
                yield RotaryTable.of(0, positions, frequencies, growth);
            }
        };
    }

    private static void stretch(double[] frequencies, ModelConfig config, RotaryScaling.Yarn yarn) {
        double low = Math.max(0.0, StrictMath.floor(pairThatTurns(yarn.betaFast(), config, yarn)));
        double high =
                Math.min(config.ropeDimensions() - 1.0, StrictMath.ceil(pairThatTurns(yarn.betaSlow(), config, yarn)));
        double width = Math.max(0.001, high - low);
        for (int i = 0; i < frequencies.length; i++) {
            double kept = 1.0 - Math.clamp((i - low) / width, 0.0, 1.0);
            frequencies[i] = frequencies[i] / yarn.factor() * (1.0 - kept) + frequencies[i] * kept;
        }
    }

    /** Which pair turns so many times in the original context; it may lie between two. */
    private static double pairThatTurns(double turns, ModelConfig config, RotaryScaling.Yarn yarn) {
        double positionsATurn = yarn.originalContext() / (turns * 2.0 * Math.PI);
        return config.ropeDimensions() * StrictMath.log(positionsATurn) / (2.0 * StrictMath.log(config.ropeBase()));
    }
}
