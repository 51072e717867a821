package io.infergrid.compute.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** IG1 on llama.cpp's reference models: how far from what the weights say, next to llama.cpp's own distance. */
class ReferenceLogitsTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tiny-Q8_0", "tiny-Q4_0"})
    void logits_are_as_close_to_the_exact_ones_as_llama_cpps(String name) throws IOException {
        float[] exact = floats(name + ".exact-weights.logits.f32");
        float[] theirs = floats(name + ".logits.f32");
        try (var file = open(name);
                var cpu = new CpuBackend(2)) {
            float[] ours = logits(cpu, file, tokens(name));
            double ourError = relativeError(ours, exact);
            double theirError = relativeError(theirs, exact);
            assertThat(ourError).isLessThanOrEqualTo(1.25 * theirError);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-Q8_0", "tiny-Q4_0"})
    void greedy_agrees_with_llama_cpp_where_its_margin_exceeds_its_error(String name) throws IOException {
        float[] exact = floats(name + ".exact-weights.logits.f32");
        float[] theirs = floats(name + ".logits.f32");
        double largestError = 0;
        for (int i = 0; i < exact.length; i++) {
            largestError = Math.max(largestError, Math.abs(exact[i] - theirs[i]));
        }
        int clear = 0;
        try (var file = open(name);
                var cpu = new CpuBackend(2);
                var stage = cpu.load(file, StageSpec.whole(4));
                var session = stage.open(64)) {
            float[] next = last(session, tokens(name));
            for (String step : text(name + ".greedy").strip().split("\n")) {
                int id = Integer.parseInt(step.split(" ")[0]);
                if (Double.parseDouble(step.split(" ")[1]) > largestError) {
                    clear++;
                    assertThat(argmax(next)).isEqualTo(id);
                }
                next = last(session, id);
            }
        }
        assertThat(clear).isGreaterThan(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-Q8_0", "tiny-Q4_0"})
    void the_bytes_are_those_of_the_naive_reference(String name) throws IOException {
        try (var file = open(name);
                var cpu = new CpuBackend(2);
                var reference = new ReferenceBackend()) {
            int[] some = Arrays.copyOf(tokens(name), 6);
            assertThat(logits(cpu, file, some)).isEqualTo(logits(reference, file, some));
        }
    }

    private static float[] logits(Backend backend, GgufFile file, int[] tokens) {
        try (var stage = backend.load(file, StageSpec.whole(4));
                var session = stage.open(64)) {
            var output = (StageOutput.Logits) session.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
            var all = new float[tokens.length * 1024];
            for (int i = 0; i < tokens.length; i++) {
                System.arraycopy(output.values()[i], 0, all, i * 1024, 1024);
            }
            return all;
        }
    }

    private static float[] last(StageSession session, int... ids) {
        return ((StageOutput.Logits) session.forward(new StageInput.Tokens(ids), LogitsWanted.LAST)).values()[0];
    }

    private static int argmax(float[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            if (x[i] > x[best]) {
                best = i;
            }
        }
        return best;
    }

    private static double relativeError(float[] found, float[] exact) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += Math.pow((double) found[i] - exact[i], 2);
            size += Math.pow(exact[i], 2);
        }
        return Math.sqrt(difference / size);
    }

    private GgufFile open(String name) throws IOException {
        return GgufFile.open(Files.write(folder.resolve(name + ".gguf"), bytes(name + ".gguf")));
    }

    private static int[] tokens(String name) throws IOException {
        return Arrays.stream(text(name + ".tokens").strip().split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    private static float[] floats(String file) throws IOException {
        var buffer = ByteBuffer.wrap(bytes(file)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        var floats = new float[buffer.remaining()];
        buffer.get(floats);
        return floats;
    }

    private static String text(String file) throws IOException {
        return new String(bytes(file), UTF_8);
    }

    private static byte[] bytes(String file) throws IOException {
        try (var in = Objects.requireNonNull(ReferenceLogitsTest.class.getResourceAsStream("/reference/" + file))) {
            return in.readAllBytes();
        }
    }
}
