package io.infergrid.app.cli;

import io.infergrid.app.device.DemoModel;
import io.infergrid.app.device.ModelText;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model. */
final class ModelOptions {

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "A GGUF file (default: the demo model that comes with InferGrid).")
    @Nullable
    Path model;

    Path file() {
        if (model == null) {
            return DemoModel.file();
        }
        if (!Files.isRegularFile(model)) {
            throw new Failure("expected a GGUF file in --model, found no file " + model);
        }
        return model;
    }

    /** The file, once its shape and its tokenizer were read: a bad one is better refused before a grid is brought up for it. */
    Path readable() {
        Path file = file();
        try (GgufFile gguf = GgufFile.open(file)) {
            ModelConfig.of(gguf.metadata()); // names what is computed, which says more than what its tokenizer lacks
            ModelText.of(gguf.metadata());
        }
        return file;
    }
}
