package io.infergrid.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class QwenReferenceTest {

    /** Weights of Q6_K are computed with as the floats that they are, so the error is far below llama.cpp's. */
    @Test
    void logits_of_a_qwen2_model_are_those_of_its_weights() throws IOException {
        String name = "tinyqwen-Q6_K";
        int[] tokens = Arrays.stream(
                        Files.readString(file(name + ".tokens")).strip().split(" "))
                .mapToInt(Integer::parseInt)
                .toArray();
        float[][] exact = read(file(name + ".exact-weights.logits.f32"), tokens.length);
        float[][] llama = read(file(name + ".logits.f32"), tokens.length);

        float[][] ours = Logits.ofOurs(file(name + ".gguf"), tokens);

        assertThat(Logits.distance(ours, exact)).isLessThan(0.1 * Logits.distance(llama, exact));
    }

    private static float[][] read(Path file, int positions) throws IOException {
        var floats = ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[][] rows = new float[positions][floats.remaining() / positions];
        for (float[] row : rows) {
            floats.get(row);
        }
        return rows;
    }

    private static Path file(String name) {
        var resource = Objects.requireNonNull(QwenReferenceTest.class.getResource("/qwen2/" + name), name);
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
