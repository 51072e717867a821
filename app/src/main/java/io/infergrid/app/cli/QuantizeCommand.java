package io.infergrid.app.cli;

import io.infergrid.compute.quantize.FileType;
import io.infergrid.compute.quantize.Progress;
import io.infergrid.compute.quantize.Quantizer;
import io.infergrid.compute.quantize.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.stream.Collectors;
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
            paramLabel = "TYPE",
            description = {
                "Type of the file, with the mixture of types that published files of the name have:",
                "f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, iq4_nl, iq4_xs, q2_k, q3_k_s, q3_k_m, q3_k_l, "
                        + "q4_k_s, q4_k_m, q5_k_s, q5_k_m, q6_k."
            })
    @SuppressWarnings("NullAway.Init")
    String type;

    @Option(names = "--pure", description = "All matrices in one type, no mixture.")
    boolean pure;

    @Option(
            names = "--random-llama",
            paramLabel = "SHAPE",
            description =
                    "Make a Llama of this shape (tiny, small, 1b, llama-3-8b, ...) with seeded random weights; for speed it"
                            + " does not matter what it says.")
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
        FileType fileType = FileType.named(type);
        RandomLlama.Shape random = shape == null ? null : RandomLlama.Shape.named(shape);
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new Failure("expected a folder to write " + target + " into, found none");
        }
        Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
        try (var interruption = Interruption.waking()) {
            err().println("Writing " + target + " ...");
            if (random != null) {
                RandomLlama.write(unfinished, random, fileType, pure, seed, shown());
            } else {
                tell(Quantizer.quantize(files[0], unfinished, fileType, pure, shown()));
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
            map.put("type", fileType.name());
            json(map);
        } else {
            out().printf(
                            Locale.ROOT,
                            "%s: %.1f MB, %s%s%n",
                            target,
                            bytes / 1e6,
                            fileType,
                            pure ? " without mixture" : "");
        }
        return 0;
    }

    /** Tells tenths of the work, where a person reads along. */
    private Progress shown() {
        int[] told = {0};
        return (tensor, fraction) -> {
            int tenths = (int) (10 * fraction);
            if (tenths > told[0]) {
                told[0] = tenths;
                err().printf(Locale.ROOT, "%3d %%  %s%n", 10 * tenths, tensor);
                err().flush();
            }
        };
    }

    private void tell(Quantizer.Outcome outcome) {
        err().println("Tensors: "
                + outcome.tensors().entrySet().stream()
                        .map(entry -> entry.getValue() + " " + entry.getKey())
                        .collect(Collectors.joining(", ")));
        if (outcome.quantisedAgain() > 0) {
            err().println(
                            "Note: " + outcome.quantisedAgain()
                                    + " tensors were quantised already, so their errors add up: a source in F32, F16 or BF16 gives a better file.");
        }
    }
}
