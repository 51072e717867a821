package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What goes to the queue: a step is one submission, unless it would take too long. */
class StepSubmissionsTest {

    private static final SeededModel MODEL = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q4_0), 41);

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
            float[] whole = logits(vulkan, new Tuning(1, 1, 1, false, 32, Long.MAX_VALUE, false));
            long before = queue.submissions();
            // 32 rows of 128 columns for up to 32 tokens: every 32 rows are a submission of their own
            float[] cut = logits(vulkan, new Tuning(1, 1, 1, false, 32, 32L * 128 * 32, false));
            assertThat(queue.submissions() - before).isGreaterThan(2 * (8 + 4 + 2 * 11 + 4));
            assertThat(cut).isEqualTo(whole);
        }
    }

    private static float[] logits(VulkanFixture vulkan, Tuning tuning) {
        try (var stage = vulkan.backend().withTuning(tuning).load(MODEL, StageSpec.whole(2));
                var session = stage.open(16)) {
            var out = session.forward(new StageInput.Tokens(9, 8, 7, 6, 5), LogitsWanted.LAST);
            return ((StageOutput.Logits) out).values()[0];
        }
    }
}
