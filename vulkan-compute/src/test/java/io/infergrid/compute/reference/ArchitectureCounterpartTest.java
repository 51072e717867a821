package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small models of each architecture with seeded weights in F32, in llama.cpp and in our engine. */
class ArchitectureCounterpartTest {

    private static final int POSITIONS = 48;
    private static final int VOCABULARY = 300;

    @TempDir
    private Path folder;

    private record Model(String name, SeededModel.Shape shape, float... factors) {}

    private static List<Model> models() {
        var factors = new float[32];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = i < 10 ? 1f : i < 20 ? 1f + 0.7f * (i - 9) : 8f;
        }
        return List.of(
                new Model("Llama 3.1: factors in the file", shape("llama", 256, 4, 2, 64, true, "none"), factors),
                new Model("SmolLM: nine heads on three", shape("llama", 576, 9, 3, 64, true, "none")),
                new Model("TinyLlama: eight heads on one", shape("llama", 512, 8, 1, 64, false, "none")),
                new Model("heads of 80", shape("llama", 320, 4, 4, 80, false, "none")),
                new Model("heads of 96, stretched by a linear factor", shape("llama", 192, 2, 1, 96, false, "linear")),
                new Model("heads of 128, stretched by YaRN", shape("llama", 256, 2, 2, 128, false, "yarn")),
                new Model("Qwen2: biases", shape("qwen2", 224, 7, 1, 32, true, "none")),
                new Model("Qwen3: normed heads larger than their share", shape("qwen3", 256, 4, 2, 128, false, "none")),
                new Model("Qwen3 stretched by YaRN", shape("qwen3", 128, 4, 2, 64, true, "yarn")));
    }

    @Test
    void unquantised_models_have_the_logits_of_llama_cpp() throws IOException, InterruptedException {
        LlamaCpp.assumePresent();
        int[] tokens = new Random(7).ints(POSITIONS, 0, VOCABULARY).toArray();
        var files = new ArrayList<Path>();
        for (Model model : models()) {
            Path file = folder.resolve(files.size() + ".gguf");
            SeededFile.write(file, model.shape(), 20261121, model.factors());
            files.add(file);
        }
        List<float[][]> theirs = LlamaCpp.logits(files, tokens);
        for (int i = 0; i < files.size(); i++) {
            float[][] ours = Logits.ofOurs(files.get(i), tokens);
            // what is left is the residual stream's rounding to halves, and that of keys and values
            assertThat(Logits.distance(ours, theirs.get(i)))
                    .as(models().get(i).name())
                    .isLessThan(0.003);
        }
    }

    private static SeededModel.Shape shape(
            String architecture,
            int dimension,
            int heads,
            int kvHeads,
            int headDimension,
            boolean tied,
            String scaling) {
        return new SeededModel.Shape(
                architecture,
                dimension,
                2,
                heads,
                kvHeads,
                headDimension,
                384,
                VOCABULARY,
                256,
                TensorType.F32,
                tied,
                0,
                scaling);
    }
}
