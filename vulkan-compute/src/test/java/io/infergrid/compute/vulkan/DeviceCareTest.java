package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lwjgl.vulkan.VK12.VK_ERROR_DEVICE_LOST;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.engine.StageTensors;
import io.infergrid.compute.gguf.TensorType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Memory that does not suffice, devices that are lost, transfers as a card has them, and how fast memory is given back. */
class DeviceCareTest {

    private static final SeededModel MODEL = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 51);
    private static final StageSpec WHOLE = StageSpec.whole(2);

    @Test
    void a_stage_that_does_not_fit_is_refused_before_it_is_read() {
        try (var vulkan = VulkanFixture.open()) {
            var backend = vulkan.backend();
            long needed = backend.bytesNeeded(MODEL, WHOLE);
            backend.limitMemory(needed - 1);
            assertThatThrownBy(() -> backend.load(MODEL, WHOLE))
                    .isInstanceOf(VulkanException.class)
                    .hasMessage("expected " + needed + " bytes of memory left on " + backend.device()
                            + " for blocks [0, 2), found " + (needed - 1));
            assertThat(vulkan.instance().live().counts()).doesNotContainKey("buffer");
        }
    }

    @Test
    void what_is_needed_is_what_is_taken() {
        var shape = new SeededModel.Shape("llama", 1024, 2, 16, 4, 64, 2816, 4000, 256, TensorType.Q4_0, false);
        var model = SeededModel.of(shape, 1);
        try (var vulkan = VulkanFixture.open();
                var stage = vulkan.backend().load(model, WHOLE)) {
            var tensors = StageTensors.of(model, stage.config(), WHOLE);
            var tuning = Tuning.of(vulkan.backend().facts());
            var memory = StageMemory.of(tensors, stage.config(), WHOLE, tuning);
            assertThat((double) stage.weightBytes() / memory.weightBytes()).isBetween(0.99, 1.01);
            assertThat(stage.cachePageBytes()).isEqualTo(memory.pageBytes());
        }
    }

    @Test
    void memory_beyond_the_limit_is_refused_and_nothing_is_lost() {
        try (var vulkan = VulkanFixture.open();
                var stage = vulkan.backend().load(MODEL, WHOLE);
                var session = stage.open(64)) {
            float[] before = logits(session);
            vulkan.backend().limitMemory(65 << 20);
            assertThatThrownBy(() -> vulkan.device().buffer(70 << 20, DeviceMemory.Place.DEVICE))
                    .isInstanceOf(VulkanException.class)
                    .hasMessageContaining("expected to stay within a limit of " + (65 << 20));
            session.rewind(0);
            assertThat(logits(session)).isEqualTo(before);
        }
    }

    @Test
    void a_lost_device_is_opened_again_and_every_session_goes_on() {
        try (var vulkan = VulkanFixture.open()) {
            var backend = vulkan.backend();
            try (var stage = backend.loadRecovering(MODEL, WHOLE, StageLimits.NONE);
                    var sees = stage.open(64);
                    var other = stage.open(64);
                    var suspended = stage.open(64);
                    var untouched = stage.open(64);
                    var plain = backend.load(MODEL, WHOLE)) {
                float[] first = logits(untouched);
                float[] second = logits(untouched);
                untouched.rewind(5);
                float[] third = logits(untouched);
                for (var session : List.of(sees, other, suspended)) {
                    assertThat(logits(session)).isEqualTo(first);
                }
                suspended.suspend();
                VulkanDevice device = vulkan.device();
                device.queue().failNext(VK_ERROR_DEVICE_LOST);
                assertThat(logits(sees)).isEqualTo(second);
                assertThat(vulkan.device()).isNotSameAs(device);
                other.rewind(0);
                assertThat(logits(other)).isEqualTo(first);
                assertThat(logits(other)).isEqualTo(second);
                assertThat(logits(suspended)).isEqualTo(second);
                sees.rewind(5);
                assertThat(logits(sees)).isEqualTo(third);
                assertThat(plain.weightBytes()).isPositive(); // holds on to the old device until it is closed
            }
            assertThat(vulkan.instance().live().counts()).containsEntry("device", 1);
        }
    }

    @Test
    void a_batch_on_a_stage_behind_the_first_goes_on_as_well() {
        var spec = new StageSpec(1, 2, false, true);
        try (var vulkan = VulkanFixture.open();
                var stage = vulkan.backend().loadRecovering(MODEL, spec, StageLimits.NONE);
                var one = stage.open(64);
                var two = stage.open(64)) {
            int dimension = stage.config().dimension();
            var inputs = List.of(boundary(5, dimension, 1), boundary(1, dimension, 2), boundary(40, dimension, 3));
            var before = new ArrayList<float[]>();
            for (Boundary input : inputs) {
                before.add(logits(one.forward(input, LogitsWanted.LAST)));
            }
            one.rewind(6);
            two.forward(inputs.get(0), LogitsWanted.LAST);
            vulkan.device().queue().failNext(VK_ERROR_DEVICE_LOST);
            var batch = stage.forward(List.of(
                    new Stage.Work(one, inputs.get(2), LogitsWanted.LAST),
                    new Stage.Work(two, inputs.get(1), LogitsWanted.LAST)));
            assertThat(logits(batch.get(0))).isEqualTo(before.get(2));
            assertThat(logits(batch.get(1))).isEqualTo(before.get(1));
            assertThat(one.position()).isEqualTo(46);
        }
    }

    @Test
    void a_device_that_cannot_be_opened_again_is_tried_again_at_the_next_call() {
        try (var vulkan = VulkanFixture.open()) {
            var backend = vulkan.backend();
            var failures = new int[] {1};
            var loader = new RecoveringStage.Loader() {
                @Override
                public Stage load() {
                    if (failures[0] == 0) {
                        failures[0] = 1;
                        throw new VulkanException("no driver");
                    }
                    return backend.load(MODEL, WHOLE);
                }

                @Override
                public void recover(Stage lost) {
                    failures[0] = 0;
                }
            };
            try (var stage = new RecoveringStage(loader);
                    var session = stage.open(8)) {
                float[] before = logits(session);
                session.rewind(0);
                vulkan.device().queue().failNext(VK_ERROR_DEVICE_LOST);
                assertThatThrownBy(() -> logits(session))
                        .isInstanceOf(VulkanException.class)
                        .hasMessage("no driver");
                assertThat(stage.cacheBytes()).isZero();
                assertThat(logits(session)).isEqualTo(before);
            }
        }
    }

    @Test
    void transfers_through_staging_buffers_give_the_same_bytes() {
        float[] expected;
        try (var vulkan = VulkanFixture.open();
                var stage = vulkan.backend().load(MODEL, WHOLE);
                var session = stage.open(64)) {
            logits(session);
            expected = logits(session);
        }
        try (var vulkan = VulkanFixture.open()) {
            vulkan.device().stageTransfers();
            try (var stage = vulkan.backend().load(MODEL, WHOLE);
                    var session = stage.open(64);
                    var other = stage.open(64)) {
                logits(session);
                session.suspend();
                logits(other);
                assertThat(logits(session)).isEqualTo(expected);
            }
        }
    }

    @Test
    void a_stage_gives_its_memory_back_within_two_seconds() {
        var shape = new SeededModel.Shape("llama", 1024, 8, 16, 4, 64, 2816, 32_000, 256, TensorType.Q8_0, true);
        var model = SeededModel.of(shape, 1);
        try (var vulkan = VulkanFixture.open()) {
            var stage = vulkan.backend().load(model, StageSpec.whole(8));
            assertThat(stage.weightBytes()).isGreaterThan(100_000_000);
            try (var session = stage.open(512)) {
                session.forward(new StageInput.Tokens(new int[40]), LogitsWanted.LAST);
            }
            long start = System.nanoTime();
            stage.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            assertThat(vulkan.instance().live().counts()).doesNotContainKeys("memory", "buffer");
        }
    }

    private static float[] logits(StageSession session) {
        var out = session.forward(new StageInput.Tokens(1, 2, 3), LogitsWanted.LAST);
        return logits(out);
    }

    private static float[] logits(StageOutput out) {
        return ((StageOutput.Logits) out).values()[0];
    }

    private static Boundary boundary(int positions, int dimension, int seed) {
        var wire = new byte[2 * positions * dimension];
        new SplittableRandom(seed).nextBytes(wire);
        for (int i = 1; i < wire.length; i += 2) {
            wire[i] = (byte) (wire[i] & 0xb7); // halves below 2 in magnitude
        }
        return new Boundary(positions, dimension, wire);
    }
}
