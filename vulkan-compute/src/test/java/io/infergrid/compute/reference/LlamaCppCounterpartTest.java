package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.quantize.Quantizer;
import io.infergrid.compute.quantize.RandomLlama;
import io.infergrid.compute.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that we wrote and quantised, in llama.cpp and in our engine. */
class LlamaCppCounterpartTest {

    private static final RandomLlama.Shape SHAPE = new RandomLlama.Shape("test", 256, 4, 8, 4, 768, 600, 256, true);
    private static final String TEXT = "Three rigs share one model; it's 7 o'clock \u2013 na\u00EFve?";

    @TempDir
    private Path folder;

    @BeforeEach
    void llama_cpp_is_there() {
        LlamaCpp.assumePresent();
    }

    @Test
    void llama_cpp_reads_our_vocabulary_as_we_do() throws IOException, InterruptedException {
        Path model = folder.resolve("model.gguf");
        RandomLlama.write(model, SHAPE, TensorType.F32, 1);
        assertThat(tokens(model)).containsExactly(LlamaCpp.tokens(model, TEXT));
    }

    /** Nothing is quantised but the residual stream, to halves between blocks; llama.cpp keeps F16 sums coarser than we do. */
    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16"})
    void an_unquantised_model_has_the_same_logits(TensorType type) throws IOException, InterruptedException {
        Path model = folder.resolve("model.gguf");
        RandomLlama.write(model, SHAPE, type, 2);
        int[] tokens = tokens(model);

        float[][] ours = Logits.ofOurs(model, tokens);
        float[][] theirs = LlamaCpp.logits(model, tokens);

        assertThat(Logits.distance(ours, theirs)).isLessThan(0.002);
    }

    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"Q8_0", "Q4_0"})
    void a_quantised_model_is_as_near_to_its_weights_as_in_llama_cpp(TensorType type)
            throws IOException, InterruptedException {
        Path source = folder.resolve("source.gguf");
        Path quantised = folder.resolve("quantised.gguf");
        Path expanded = folder.resolve("expanded.gguf");
        RandomLlama.write(source, SHAPE, TensorType.F32, 3);
        Quantizer.quantize(source, quantised, type);
        Quantizer.quantize(quantised, expanded, TensorType.F32);
        int[] tokens = tokens(source);

        float[][] exact = LlamaCpp.logits(expanded, tokens);
        float[][] theirs = LlamaCpp.logits(quantised, tokens);
        float[][] ours = Logits.ofOurs(quantised, tokens);

        double theirError = Logits.distance(theirs, exact);
        assertThat(Logits.distance(ours, exact)).isLessThan(1.25 * theirError);
        assertGreedyAgrees(ours, theirs, exact);
    }

    /** Where llama.cpp's best token leads by more than the largest error of its logits, ours is the same. */
    private static void assertGreedyAgrees(float[][] ours, float[][] theirs, float[][] exact) {
        for (int position = 0; position < theirs.length; position++) {
            int best = Logits.greatest(theirs[position]);
            float error = 0;
            float second = Float.NEGATIVE_INFINITY;
            for (int token = 0; token < theirs[position].length; token++) {
                error = Math.max(error, Math.abs(theirs[position][token] - exact[position][token]));
                if (token != best) {
                    second = Math.max(second, theirs[position][token]);
                }
            }
            if (theirs[position][best] - second > 2 * error) {
                assertThat(Logits.greatest(ours[position])).isEqualTo(best);
            }
        }
    }

    private static int[] tokens(Path model) {
        try (var file = GgufFile.open(model)) {
            return Tokenizer.of(file.metadata()).encode(TEXT, false, false);
        }
    }
}
