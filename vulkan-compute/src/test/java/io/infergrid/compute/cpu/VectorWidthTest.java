package io.infergrid.compute.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same models on narrower vectors: AVX2's and NEON's. Kernels are compiled for one width in a JVM, so each width is a
 * process of its own that prints a digest of its logits.
 */
class VectorWidthTest {

    @ParameterizedTest
    @ValueSource(ints = {128, 256})
    void narrower_vectors_give_the_same_bytes(int bits) throws Exception {
        assumeTrue(
                Lanes.FLOATS.vectorBitSize() > bits,
                "needs a processor with vectors of more than " + bits + " bits, this one has "
                        + Lanes.FLOATS.vectorBitSize());
        String expected = Lanes.FLOATS.vectorBitSize() + " " + digest();
        String found = inProcess("-XX:MaxVectorSize=" + bits / 8);
        assertThat(found).isEqualTo(bits + expected.substring(expected.indexOf(' ')));
    }

    private static String inProcess(String option) throws IOException, InterruptedException {
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                option,
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                VectorWidthTest.class.getName());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var out = process.getInputStream()) {
            String printed = new String(out.readAllBytes(), UTF_8).strip();
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            return printed;
        } finally {
            process.destroyForcibly();
        }
    }

    public static void main(String[] arguments) throws NoSuchAlgorithmException {
        System.out.println(Lanes.FLOATS.vectorBitSize() + " " + digest());
    }

    private static String digest() throws NoSuchAlgorithmException {
        var sha = MessageDigest.getInstance("SHA-256");
        try (var cpu = new CpuBackend(2)) {
            for (TensorType type : TensorType.values()) {
                var shape = new RandomModel.Shape("qwen2", 1, 4, 2, 64, 256, 43, type, false);
                var model = RandomModel.of(shape, 11);
                try (var stage = cpu.load(model, StageSpec.whole(1));
                        var session = stage.open(12)) {
                    int[] ids = CpuBackendProperties.tokens(shape, 12, 3);
                    for (int[] part : List.of(
                            Arrays.copyOf(ids, 9), Arrays.copyOfRange(ids, 9, 10), Arrays.copyOfRange(ids, 10, 12))) {
                        var output = session.forward(new StageInput.Tokens(part), LogitsWanted.ALL);
                        for (int[] logits : CpuBackendProperties.logits(output)) {
                            var bytes = ByteBuffer.allocate(4 * logits.length);
                            bytes.asIntBuffer().put(logits);
                            sha.update(bytes.array());
                        }
                    }
                }
            }
        }
        return HexFormat.of().formatHex(sha.digest());
    }
}
