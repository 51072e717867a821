package io.infergrid.app.cli;

import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.quantize.Quantizer;
import io.infergrid.compute.quantize.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid quantize}: a GGUF in another type, or a model of random weights to measure with. */
@Command(
        name = "quantize",
        description =
                "Write a GGUF with its matrices in another type; or a model of random weights with --random-llama.")
final class QuantizeCommand extends RigCommand {

    @Parameters(
            arity = "1..2",
            paramLabel = "FILE",
            description = "The source and the target; with --random-llama the target only.")
    @SuppressWarnings("NullAway.Init")
    Path[] files;

    @Option(
            names = "--type",
            required = true,
            paramLabel = "f32|f16|q8_0|q4_0",
            description = "Type of the matrices in the target.")
    @SuppressWarnings("NullAway.Init")
    TensorType type;

    @Option(
            names = "--random-llama",
            paramLabel = "1b|small|tiny",
            description =
                    "Make a Llama of this shape with seeded random weights; for speed it does not matter what it says.")
    @Nullable
    String shape;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the random weights (default: ${DEFAULT-VALUE}).")
    long seed = 1;

    @Option(names = "--force", description = "Overwrite the target.")
    boolean force;

    @Override
    public Integer call() throws IOException {
        Path target = files[files.length - 1];
        if (shape != null && files.length != 1) {
            throw new Failure("expected only a target with --random-llama, found " + files.length + " files");
        }
        if (shape == null && files.length != 2) {
            throw new Failure("expected a source and a target, found one file");
        }
        if (Files.exists(target) && !force) {
            throw new Failure("expected no file " + target + ", found one: --force overwrites it");
        }
        Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
        try (var interruption = Interruption.waking()) {
            err().println("Writing " + target + " ...");
            if (shape != null) {
                RandomLlama.write(unfinished, RandomLlama.Shape.named(shape), type, seed);
            } else {
                Quantizer.quantize(files[0], unfinished, type);
            }
            interruption.check();
            Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        long bytes = Files.size(target);
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("file", target.toString());
            map.put("bytes", bytes);
            map.put("type", type.name());
            json(map);
        } else {
            out().printf(Locale.ROOT, "%s: %.1f MB, matrices in %s%n", target, bytes / 1e6, type);
        }
        return 0;
    }
}
