package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final BytePairs VOCABULARY = BytePairs.learn(List.of("a small text for a small model"), 266);
    private static final LlamaShape SHAPE = new LlamaShape(VOCABULARY.size(), 64, 3, 2, 1, 96, 64);

    @TempDir
    private Path folder = Path.of(".");

    @Test
    void a_checkpoint_reads_back_as_it_was() throws IOException {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        var optimiser = new AdamW(weights.values().length);
        optimiser.update(weights, weights.values().clone(), 1, 1e-3f);
        var file = folder.resolve("checkpoint.bin");
        new Checkpoint(weights, optimiser, 7, 99, 1.5).write(file);
        var read = Checkpoint.read(file);
        assertThat(read.weights().values()).isEqualTo(weights.values());
        assertThat(read.optimiser().mean()).isEqualTo(optimiser.mean());
        assertThat(read.optimiser().square()).isEqualTo(optimiser.square());
        assertThat(read.step()).isEqualTo(7);
        assertThat(read.nextDocument()).isEqualTo(99);
    }

    @Test
    void another_file_is_refused() throws IOException {
        var file = Files.writeString(folder.resolve("checkpoint.bin"), "this is no checkpoint");
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no checkpoint");
    }

    @Test
    void an_export_holds_every_tensor_and_rounds_to_half_a_step_of_q8() throws IOException {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        var file = folder.resolve("demo.gguf");
        ExportDemo.write(weights, VOCABULARY, TensorType.Q8_0, file);
        try (var gguf = GgufFile.open(file)) {
            assertThat(gguf.metadata().strings("tokenizer.ggml.tokens")).isEqualTo(VOCABULARY.tokens());
            assertThat(gguf.metadata().requiredString("tokenizer.chat_template"))
                    .contains("<|assistant|>");
        }
        assertThat(Files.size(file)).isLessThan(weights.values().length * 2L);
    }
}
