package io.infergrid.compute.reference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** llama.cpp as the npm package node-llama-cpp carries it, run as a program on one of our files. */
final class LlamaCpp {

    private static final Path FOLDER = Path.of("src", "test", "node");

    private LlamaCpp() {}

    /** Skips the test where the package or Node.js is missing. */
    static void assumePresent() {
        assumeTrue(
                Files.isDirectory(FOLDER.resolve("node_modules/node-llama-cpp")),
                "skipped: llama.cpp is missing; run npm ci --ignore-scripts --omit=optional in vulkan-compute/"
                        + FOLDER);
        assumeTrue(
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "node"))),
                "skipped: Node.js is missing");
    }

    /** Its logits, [position][token]. */
    static float[][] logits(Path model, int... tokens) throws IOException, InterruptedException {
        String ids = Arrays.stream(tokens).mapToObj(String::valueOf).collect(Collectors.joining(","));
        String json = run(model.toString(), ids);
        String rows = json.substring(json.indexOf("[[") + 2, json.lastIndexOf("]]"));
        return Arrays.stream(rows.split("\\],\\[", -1)).map(LlamaCpp::numbers).toArray(float[][]::new);
    }

    /** Its tokens of a text, without those of beginning and end. */
    static int[] tokens(Path model, String text) throws IOException, InterruptedException {
        String json = run(model.toString(), "0", "--tokenize", text);
        String ids = json.substring(json.indexOf('[') + 1, json.lastIndexOf(']'));
        return Arrays.stream(ids.split(",")).mapToInt(Integer::parseInt).toArray();
    }

    private static float[] numbers(String row) {
        String[] words = row.split(",", -1);
        float[] numbers = new float[words.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Float.parseFloat(words[i]);
        }
        return numbers;
    }

    private static String run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("node", "logits.mjs"));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile("llama-cpp", ".err");
        Process process = new ProcessBuilder(command)
                .directory(FOLDER.toFile())
                .redirectError(errors.toFile())
                .start();
        try {
            String out = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException("llama.cpp refused " + arguments[0] + ": " + Files.readString(errors));
            }
            return out.lines().filter(line -> line.startsWith("{")).findFirst().orElseThrow();
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(errors);
        }
    }
}
