package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Small models of each architecture with seeded weights in F32, in llama.cpp and in our engine. */
class ArchitectureCounterpartTest {

    private static final int POSITIONS = 48;

    @TempDir
    private Path folder;

    @BeforeEach
    void llama_cpp_is_there() {
        LlamaCpp.assumePresent();
    }

    static Stream<Arguments> models() {
        var factors = new float[32];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = i < 10 ? 1f : i < 20 ? 1f + 0.7f * (i - 9) : 8f;
        }
        return Stream.of(
                model("Llama 3.1: factors in the file", shape("llama", 256, 4, 2, 64, true, "none"), factors),
                model("SmolLM: nine heads on three", shape("llama", 576, 9, 3, 64, true, "none")),
                model("TinyLlama: eight heads on one", shape("llama", 512, 8, 1, 64, false, "none")),
                model("heads of 80", shape("llama", 320, 4, 4, 80, false, "none")),
                model("heads of 96, stretched by a linear factor", shape("llama", 192, 2, 1, 96, false, "linear")),
                model("heads of 128, stretched by YaRN", shape("llama", 256, 2, 2, 128, false, "yarn")),
                model("Qwen2: biases", shape("qwen2", 224, 7, 1, 32, true, "none")),
                model("Qwen3: normed heads larger than their share", shape("qwen3", 256, 4, 2, 128, false, "none")),
                model("Qwen3 stretched by YaRN", shape("qwen3", 128, 4, 2, 64, true, "yarn")));
    }

    @ParameterizedTest
    @MethodSource("models")
    void an_unquantised_model_has_the_logits_of_llama_cpp(SeededModel.Shape shape, float... factors)
            throws IOException, InterruptedException {
        Path file = folder.resolve("model.gguf");
        SeededFile.write(file, shape, 20261121, factors);
        int[] tokens = new Random(7).ints(POSITIONS, 0, shape.vocabulary()).toArray();

        float[][] ours = Logits.ofOurs(file, tokens);
        float[][] theirs = LlamaCpp.logits(file, tokens);

        // what is left is the residual stream's rounding to halves, and theirs of keys and values

        assertThat(Logits.distance(ours, theirs)).isLessThan(0.003);
    }

    private static Arguments model(String name, SeededModel.Shape shape, float... factors) {
        return Arguments.of(Named.of(name, shape), factors);
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
                300,
                256,
                TensorType.F32,
                tied,
                0,
                scaling);
    }
}
