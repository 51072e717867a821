package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What goes to the queue: a step is one submission, unless it would take too long. */
class StepSubmissionsTest {

    private static final SeededModel MODEL = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q4_0), 41);
    private static final Kernels.Heads HEADS = new Kernels.Heads(128, 64, 32, 4, 2, 0);

    @Test
    void a_step_is_one_submission_for_any_number_of_sessions_and_blocks() {
        try (var vulkan = VulkanFixture.open();
                var stage = vulkan.backend().load(MODEL, StageSpec.whole(2));
                var a = stage.open(64);
                var b = stage.open(64)) {
            var queue = vulkan.device().queue();
            a.forward(new StageInput.Tokens(1, 2, 3), LogitsWanted.LAST);
            a.forward(new StageInput.Tokens(4), LogitsWanted.LAST);
            long before = queue.submissions();
            a.forward(new StageInput.Tokens(5), LogitsWanted.LAST);
            assertThat(queue.submissions() - before).isEqualTo(1);
            b.forward(new StageInput.Tokens(1, 2), LogitsWanted.LAST);
            before = queue.submissions();
            stage.forward(List.of(
                    new Stage.Work(a, new StageInput.Tokens(6), LogitsWanted.LAST),
                    new Stage.Work(b, new StageInput.Tokens(7, 8), LogitsWanted.LAST)));
            assertThat(queue.submissions() - before).isEqualTo(1);
        }
    }

    @Test
    void long_steps_are_cut_into_submissions_and_long_matrices_too_without_a_change_of_bits() {
        try (var vulkan = VulkanFixture.open()) {
            var queue = vulkan.device().queue();
            float[] whole = logits(vulkan, new Tuning(1, 1, 1, false, 32, Long.MAX_VALUE, false, MatrixTiles.NONE));
            long before = queue.submissions();
            // 32 rows of 128 columns for up to 32 tokens: every 32 rows are a submission of their own
            float[] cut = logits(vulkan, new Tuning(1, 1, 1, false, 32, 32L * 128 * 32, false, MatrixTiles.NONE));
            assertThat(queue.submissions() - before).isGreaterThan(2 * (8 + 4 + 2 * 11 + 4));
            assertThat(cut).isEqualTo(whole);
        }
    }

    @Test
    void attention_over_many_positions_is_cut_as_well_and_takes_its_part_of_a_submission() {
        var prompt = new int[200];
        Arrays.setAll(prompt, i -> i % 50);
        try (var vulkan = VulkanFixture.open()) {
            var queue = vulkan.device().queue();
            var most = new Tuning(1, 1, 1, false, 32, Long.MAX_VALUE, false, MatrixTiles.NONE);
            float[] whole = logits(vulkan, most, prompt);
            // a chunk of 32 tokens' attention and no more; matrices are shorter than that
            long chunk = AttentionPieces.of(32, 32, HEADS, 1).workOfChunk();
            long before = queue.submissions();
            float[] cut = logits(vulkan, new Tuning(1, 1, 1, false, 32, chunk, false, MatrixTiles.NONE), prompt);
            // 7 steps of two blocks, recorded for 256 positions: 8 pieces, scores and values
            assertThat(queue.submissions() - before).isGreaterThan(7 * 2 * 8 * 2);
            assertThat(cut).isEqualTo(whole);
        }
    }

    @Test
    void pieces_of_attention_together_have_every_chunk_once() {
        for (long mostWork : new long[] {1, 50_000_000, Long.MAX_VALUE}) {
            var cut = AttentionPieces.of(4096, 32, HEADS, mostWork);
            for (int chunks : new int[] {1, 2, 77, 128}) {
                int counted = 0;
                for (int piece = 0; piece < cut.count(); piece++) {
                    assertThat(cut.chunksOf(piece, chunks)).isBetween(0, cut.chunksEach());
                    counted += cut.chunksOf(piece, chunks);
                }
                assertThat(counted).isEqualTo(chunks);
            }
            assertThat(cut.count() * AttentionPieces.offset(1)).isLessThanOrEqualTo(AttentionPieces.bytes(4096));
        }
    }

    private static float[] logits(VulkanFixture vulkan, Tuning tuning) {
        return logits(vulkan, tuning, 9, 8, 7, 6, 5);
    }

    private static float[] logits(VulkanFixture vulkan, Tuning tuning, int... prompt) {
        try (var stage = vulkan.backend().withTuning(tuning).load(MODEL, StageSpec.whole(2));
                var session = stage.open(prompt.length)) {
            var out = session.forward(new StageInput.Tokens(prompt), LogitsWanted.LAST);
            return ((StageOutput.Logits) out).values()[0];
        }
    }
}
