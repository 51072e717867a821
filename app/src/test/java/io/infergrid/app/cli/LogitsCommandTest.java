package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code infergrid logits} on the models whose logits llama.cpp has given. */
class LogitsCommandTest {

    private static final String REFERENCE = "vulkan-compute/src/test/resources/reference/";
    private static final int VOCABULARY = 1024;

    @TempDir
    Path folder;

    private Ran logits(String name, String backend, Path out) {
        return Ran.here(
                "logits",
                "--json",
                "--home=" + folder,
                "--backend=" + backend,
                "--model=" + SourceTree.file(REFERENCE + name + ".gguf"),
                "--out=" + out,
                SourceTree.file(REFERENCE + name + ".tokens").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-Q8_0", "tiny-Q4_0"})
    void they_are_as_close_to_the_exact_ones_as_llama_cpps(String name) throws IOException {
        Path out = folder.resolve("logits.f32");
        Ran ran = logits(name, "cpu", out);
        assertThat(ran.status()).as(ran.err()).isZero();
        FloatBuffer ours = floats(out);
        FloatBuffer exact = floats(SourceTree.file(REFERENCE + name + ".exact-weights.logits.f32"));
        FloatBuffer theirs = floats(SourceTree.file(REFERENCE + name + ".logits.f32"));
        assertThat(ours.capacity()).isEqualTo(exact.capacity());
        assertThat(error(ours, exact)).isLessThanOrEqualTo(1.25 * error(theirs, exact));

        // what is printed is what is written
        assertThat(ran.json()).hasSize(ours.capacity() / VOCABULARY);
        for (JsonNode position : ran.json()) {
            JsonNode best = position.path("top").path(0);
            int at = position.path("position").asInt() * VOCABULARY;
            assertThat(best.path("logit").floatValue())
                    .isEqualTo(ours.get(at + best.path("id").asInt()));
            for (int i = 0; i < VOCABULARY; i++) {
                assertThat(ours.get(at + i))
                        .isLessThanOrEqualTo(best.path("logit").floatValue());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-Q8_0", "tiny-Q4_0"})
    void vulkan_writes_the_same_bytes(String name) throws IOException {
        Ran vulkan = logits(name, "vulkan", folder.resolve("vulkan.f32"));
        assumeTrue(!vulkan.err().contains("no Vulkan"), "this machine has no Vulkan device: " + vulkan.err());
        assertThat(vulkan.status()).as(vulkan.err()).isZero();
        logits(name, "cpu", folder.resolve("cpu.f32"));
        assertThat(Files.mismatch(folder.resolve("vulkan.f32"), folder.resolve("cpu.f32")))
                .isEqualTo(-1);
    }

    private static FloatBuffer floats(Path file) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
    }

    private static double error(FloatBuffer found, FloatBuffer exact) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < exact.capacity(); i++) {
            difference += Math.pow((double) found.get(i) - exact.get(i), 2);
            size += Math.pow(exact.get(i), 2);
        }
        return Math.sqrt(difference / size);
    }
}
