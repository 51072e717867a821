package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/**
 * IG1 on files that llama.cpp quantised, beside its own logits of them: Q8_0; Q4_0 with Q6_K; Q4_K with Q6_K (a Q4_K_M file); Q6_K in
 * a Qwen2. The naive reference computes them, no type expanded.
 */
class ReferenceFilesTest {

    private static final Set<TensorType> QUANTISED =
            EnumSet.complementOf(EnumSet.of(TensorType.F32, TensorType.F16, TensorType.BF16));

    @ParameterizedTest
    @ValueSource(
            strings = {"reference/tiny-Q8_0", "reference/tiny-Q4_0", "reference/tinyk-Q4_K_M", "qwen2/tinyqwen-Q6_K"})
    void logits_are_as_near_to_the_weights_as_llama_cpps(String name) throws IOException {
        int[] tokens = tokens(name);
        float[][] exact = read(name + ".exact-weights.logits.f32", tokens.length);
        double theirError = Logits.distance(read(name + ".logits.f32", tokens.length), exact);

        try (var expanded = new ReferenceBackend(QUANTISED);
                var reference = new ReferenceBackend(Set.of())) {
            assertThat(Logits.distance(Logits.of(expanded, file(name + ".gguf"), tokens), exact))
                    .as("weights as floats")
                    .isLessThan(0.002);
            assertThat(Logits.distance(Logits.of(reference, file(name + ".gguf"), tokens), exact))
                    .as("weights as integers, beside %f", theirError)
                    .isLessThanOrEqualTo(1.25 * theirError);
        }
    }

    /** A mixed file has matrices of several types in one block. */
    @ParameterizedTest
    @ValueSource(strings = {"reference/tiny-Q4_0", "reference/tinyk-Q4_K_M"})
    void mixed_files_give_the_same_bytes_on_the_processor(String name) throws IOException {
        try (var cpu = new CpuBackend(2)) {
            sameBytes(cpu, name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference/tiny-Q4_0", "reference/tinyk-Q4_K_M"})
    void mixed_files_give_the_same_bytes_on_vulkan(String name) throws IOException {
        VulkanBackend vulkan;
        try {
            vulkan = VulkanBackend.open();
        } catch (VulkanException none) {
            throw new TestAbortedException("needs a Vulkan device (Mesa's lavapipe will do): " + none.getMessage());
        }
        try (vulkan) {
            sameBytes(vulkan, name);
        }
    }

    private static void sameBytes(Backend backend, String name) throws IOException {
        int[] tokens = Arrays.copyOf(tokens(name), 9);
        Path model = file(name + ".gguf");
        try (var reference = new ReferenceBackend()) {
            assertThat(Logits.of(backend, model, tokens)).isDeepEqualTo(Logits.of(reference, model, tokens));
        }
    }

    /** Teacher-forced along llama.cpp's continuation: where it is sure, we choose the same. */
    @ParameterizedTest
    @ValueSource(strings = {"reference/tiny-Q8_0", "reference/tiny-Q4_0", "reference/tinyk-Q4_K_M"})
    void greedy_agrees_with_llama_cpp_where_its_margin_exceeds_its_error(String name) throws IOException {
        int[] prompt = tokens(name);
        float[][] exact = read(name + ".exact-weights.logits.f32", prompt.length);
        float[][] theirs = read(name + ".logits.f32", prompt.length);
        double error = 0;
        for (int p = 0; p < prompt.length; p++) {
            for (int t = 0; t < exact[p].length; t++) {
                error = Math.max(error, Math.abs(exact[p][t] - theirs[p][t]));
            }
        }
        int sure = 0;
        try (var file = GgufFile.open(file(name + ".gguf"));
                var backend = new ReferenceBackend(Set.of())) {
            var spec = StageSpec.whole(ModelConfig.of(file.metadata()).blocks());
            try (var stage = backend.load(file, spec);
                    var session = stage.open(64)) {
                var input = new StageInput.Tokens(prompt);
                for (String step : Files.readAllLines(file(name + ".greedy"))) {
                    var output = (StageOutput.Logits) session.forward(input, LogitsWanted.LAST);
                    int id = Integer.parseInt(step.split(" ")[0]);
                    if (Double.parseDouble(step.split(" ")[1]) > error) {
                        sure++;
                        assertThat(Logits.greatest(output.values()[0])).isEqualTo(id);
                    }
                    input = new StageInput.Tokens(new int[] {id});
                }
            }
        }
        assertThat(sure).isGreaterThan(10);
    }

    private static int[] tokens(String name) throws IOException {
        return Arrays.stream(Files.readString(file(name + ".tokens")).strip().split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private static float[][] read(String name, int positions) throws IOException {
        var floats = ByteBuffer.wrap(Files.readAllBytes(file(name)))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[][] rows = new float[positions][floats.remaining() / positions];
        for (float[] row : rows) {
            floats.get(row);
        }
        return rows;
    }

    private static Path file(String name) {
        var resource = Objects.requireNonNull(ReferenceFilesTest.class.getResource("/" + name), name);
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
