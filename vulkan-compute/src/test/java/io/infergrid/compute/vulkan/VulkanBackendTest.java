package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.conformance.SeededRandom;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.quantize.RandomLlama;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VulkanBackendTest {

    private static final Tuning CARD = new Tuning(1, 1 << 16, 8, false, 8, 1, false, MatrixTiles.NONE);

    private static VulkanFixture vulkan;

    @BeforeAll
    static void open() {
        vulkan = VulkanFixture.open();
    }

    @AfterAll
    static void close() {
        if (vulkan != null) {
            vulkan.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void every_weight_type_gives_the_logits_of_the_reference(TensorType type) {
        var model = SeededModel.of(SeededModel.Shape.tiny(type), 7);
        int[] tokens = tokens(34, 512, 3);
        assertSame(run(vulkan.backend(), model, tokens, 34), run(reference(), model, tokens, 34));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void kernels_cut_for_a_card_give_the_logits_of_the_reference(TensorType type) {
        var model = SeededModel.of(SeededModel.Shape.tiny(type), 8);
        int[] tokens = tokens(37, 512, 4);
        assertSame(run(vulkan.backend().withTuning(CARD), model, tokens, 11), run(reference(), model, tokens, 37));
    }

    @Test
    void halves_that_rotate_biases_an_untied_output_and_odd_shapes_give_the_logits_of_the_reference() {
        var shape = new SeededModel.Shape("qwen2", 224, 2, 7, 1, 32, 608, 333, 128, TensorType.Q8_0, false);
        var model = SeededModel.of(shape, 9);
        int[] tokens = tokens(40, 333, 5);
        assertSame(run(vulkan.backend(), model, tokens, 7), run(reference(), model, tokens, 40));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 32})
    void prefill_and_decode_give_the_same_bits(int atOnce) {
        var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 10);
        int[] tokens = tokens(70, 512, 6);
        assertSame(run(vulkan.backend(), model, tokens, atOnce), run(vulkan.backend(), model, tokens, 70));
    }

    @Test
    void a_split_into_stages_changes_nothing() {
        var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q4_0), 11);
        int[] tokens = tokens(33, 512, 7);
        var whole = run(vulkan.backend(), model, tokens, 33);
        try (var first = vulkan.backend().load(model, new StageSpec(0, 1, true, false));
                var second = vulkan.backend().load(model, new StageSpec(1, 2, false, true));
                var firstSession = first.open(64);
                var secondSession = second.open(64)) {
            var boundary = (Boundary) firstSession.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
            var logits = (StageOutput.Logits) secondSession.forward(boundary, LogitsWanted.ALL);
            assertSame(logits.values(), whole);
        }
    }

    @Test
    void a_boundary_has_the_bytes_of_the_reference() {
        var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 12);
        var input = new StageInput.Tokens(tokens(20, 512, 8));
        var spec = new StageSpec(0, 2, true, false);
        try (var ours = vulkan.backend().load(model, spec);
                var theirs = reference().load(model, spec);
                var session = ours.open(20);
                var expected = theirs.open(20)) {
            var found = (Boundary) session.forward(input, LogitsWanted.LAST);
            assertThat(found.wire()).isEqualTo(((Boundary) expected.forward(input, LogitsWanted.LAST)).wire());
        }
    }

    @Test
    void a_rewound_session_computes_its_positions_again() {
        var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 13);
        int[] tokens = tokens(40, 512, 9);
        try (var stage = vulkan.backend().load(model, StageSpec.whole(2));
                var session = stage.open(64)) {
            session.forward(new StageInput.Tokens(tokens(40, 512, 99)), LogitsWanted.LAST);
            session.rewind(0);
            var logits = (StageOutput.Logits) session.forward(new StageInput.Tokens(tokens), LogitsWanted.ALL);
            assertThat(session.position()).isEqualTo(40);
            assertSame(logits.values(), run(vulkan.backend(), model, tokens, 40));
        }
    }

    @Test
    void a_stage_outlives_the_file_that_it_was_loaded_from(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("model.gguf");
        RandomLlama.write(path, RandomLlama.Shape.TINY, TensorType.Q8_0, 3);
        Stage stage;
        try (var file = GgufFile.open(path)) {
            stage = vulkan.backend().load(file, StageSpec.whole(2));
        }
        try (stage;
                var session = stage.open(4)) {
            var logits = (StageOutput.Logits) session.forward(new StageInput.Tokens(1, 2, 3), LogitsWanted.LAST);
            assertThat(logits.values()[0]).hasSize(stage.config().vocabulary());
        }
    }

    @Test
    void more_positions_than_the_session_has_are_refused() {
        var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 14);
        try (var stage = vulkan.backend().load(model, StageSpec.whole(2));
                var session = stage.open(8)) {
            assertThatThrownBy(() -> session.forward(new StageInput.Tokens(tokens(9, 512, 1)), LogitsWanted.LAST))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected 1 to 8 more positions, found 9");
        }
    }

    private static Backend reference() {
        return new ReferenceBackend(ModelConfig::of);
    }

    /** Logits of every token, computed {@code atOnce} at a time. */
    private static float[][] run(Backend backend, TensorSource model, int[] tokens, int atOnce) {
        var config = ModelConfig.of(model.metadata());
        var all = new ArrayList<float[]>();
        try (var stage = backend.load(model, StageSpec.whole(config.blocks()));
                var session = stage.open(tokens.length + 3)) {
            for (int first = 0; first < tokens.length; first += atOnce) {
                int[] next = java.util.Arrays.copyOfRange(tokens, first, Math.min(tokens.length, first + atOnce));
                var logits = (StageOutput.Logits) session.forward(new StageInput.Tokens(next), LogitsWanted.ALL);
                all.addAll(List.of(logits.values()));
            }
        }
        return all.toArray(float[][]::new);
    }

    private static void assertSame(float[][] a, float[][] b) {
        assertThat(a).hasSameDimensionsAs(b);
        for (int i = 0; i < a.length; i++) {
            assertThat(bits(a[i])).as("logits of position " + i).isEqualTo(bits(b[i]));
        }
    }

    private static int[] bits(float[] values) {
        var bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    private static int[] tokens(int count, int vocabulary, long seed) {
        var random = new SeededRandom(seed);
        var tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = random.nextInt(vocabulary);
        }
        return tokens;
    }
}
