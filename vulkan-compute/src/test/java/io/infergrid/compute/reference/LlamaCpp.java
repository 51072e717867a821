package io.infergrid.compute.reference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.compute.quantize.FileType;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** llama.cpp as the npm package node-llama-cpp carries it, run as a program on one of our files. */
final class LlamaCpp {

    private static final Path FOLDER = Path.of("src", "test", "node");

    /** Its shared libraries. */
    static final Path LIBRARIES = FOLDER.resolve("node_modules/@node-llama-cpp/linux-x64/bins/linux-x64");

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
        return logits(List.of(model), tokens).getFirst();
    }

    /** Its logits of several models from one process. */
    static List<float[][]> logits(List<Path> models, int... tokens) throws IOException, InterruptedException {
        String ids = Arrays.stream(tokens).mapToObj(String::valueOf).collect(Collectors.joining(","));
        String files = models.stream().map(Path::toString).collect(Collectors.joining(","));
        return run(files, ids).stream().map(LlamaCpp::rows).toList();
    }

    private static float[][] rows(String json) {
        String rows = json.substring(json.indexOf("[[") + 2, json.lastIndexOf("]]"));
        return Arrays.stream(rows.split("\\],\\[", -1)).map(LlamaCpp::numbers).toArray(float[][]::new);
    }

    /**
     * Writes files as llama.cpp's own quantiser does, by calls of its library in a process of its own.
     *
     * @param targets by the file type that each shall have
     */
    static void quantize(Path source, Map<FileType, Path> targets) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LlamaCppQuantizer.class.getName(),
                LIBRARIES.toAbsolutePath().toString(),
                source.toString()));
        targets.forEach((type, target) -> command.addAll(List.of(target.toString(), String.valueOf(type.id()))));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException("llama.cpp did not quantise " + source + ": " + said);
        }
    }

    /** Its tokens of a text, without those of beginning and end. */
    static int[] tokens(Path model, String text) throws IOException, InterruptedException {
        String json = run(model.toString(), "0", "--tokenize", text).getFirst();
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

    private static List<String> run(String... arguments) throws IOException, InterruptedException {
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
            return out.lines().filter(line -> line.startsWith("{")).toList();
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(errors);
        }
    }
}
