package io.infergrid.compute.reference;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.nio.file.Path;

/** Logits [position][token] of a prompt, and how far two of them are apart. */
final class Logits {

    private Logits() {}

    /** What the CPU backend computes. */
    static float[][] ofOurs(Path model, int... tokens) {
        try (var backend = new CpuBackend()) {
            return of(backend, model, tokens);
        }
    }

    /** What a backend computes. */
    static float[][] of(Backend backend, Path model, int... tokens) {
        try (var file = GgufFile.open(model)) {
            var spec = StageSpec.whole(ModelConfig.of(file.metadata()).blocks());
            try (var stage = backend.load(file, spec);
                    var session = stage.open(tokens.length)) {
                var output = session.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
                return ((StageOutput.Logits) output).values();
            }
        }
    }

    /** Root mean square of the difference, relative to that of {@code truth}. */
    static double distance(float[][] values, float[][] truth) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < truth.length; i++) {
            for (int j = 0; j < truth[i].length; j++) {
                double d = (double) values[i][j] - truth[i][j];
                difference += d * d;
                size += (double) truth[i][j] * truth[i][j];
            }
        }
        return Math.sqrt(difference / size);
    }

    static int greatest(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }
}
