package io.infergrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
    void an_export_holds_every_tensor_in_its_rows() throws IOException {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        var file = folder.resolve("demo.gguf");
        ExportDemo.write(weights, VOCABULARY, TensorType.F32, file);
        try (var gguf = GgufFile.open(file)) {
            assertThat(gguf.metadata().strings("tokenizer.ggml.tokens")).isEqualTo(VOCABULARY.tokens());
            assertThat(gguf.metadata().requiredString("tokenizer.chat_template"))
                    .contains("<|assistant|>");
            for (var tensor : weights.tensors()) {
                var rows = gguf.tensor(tensor.name());
                var row = new float[tensor.columns()];
                for (int r = 0; r < tensor.rows(); r++) {
                    rows.readRow(r, row, 0);
                    assertThat(row)
                            .isEqualTo(Arrays.copyOfRange(
                                    weights.copyOf(tensor), r * tensor.columns(), (r + 1) * tensor.columns()));
                }
            }
        }
    }

    @Test
    void an_exported_file_gives_the_logits_of_the_training_graph_in_the_products_engine() throws IOException {
        var weights = Weights.initial(SHAPE, new SplittableRandom(3));
        for (int i = 0; i < weights.values().length; i++) {
            weights.values()[i] *= 3; // so that attention is not flat
        }
        var file = folder.resolve("demo.gguf");
        ExportDemo.write(weights, VOCABULARY, TensorType.F32, file);
        var tokens = new SplittableRandom(4).ints(40, 0, VOCABULARY.size()).toArray();
        try (var graph = new LlamaGraph(SHAPE, -1);
                var gguf = GgufFile.open(file);
                var backend = new CpuBackend(1);
                var stage = backend.load(gguf, StageSpec.whole(SHAPE.blocks()));
                var session = stage.open(tokens.length)) {
            var expected = graph.logits(weights, tokens);
            var output = session.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
            assertThat(output).isInstanceOfSatisfying(StageOutput.Logits.class, logits -> {
                for (int t = 0; t < tokens.length; t++) {
                    assertThat(logits.values()[t]).containsExactly(expected[t], within(0.02f));
                }
            });
        }
    }
}
