package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.arithmetic.Ig1;
import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.conformance.SeededRandom;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class VulkanDeviceTest {

    /** Inputs of a driver's check of the scalar functions; about a million results. */
    private static final int INPUTS = 1 << 17;

    private static final int RESULTS = 6;

    @Test
    void scalar_functions_give_the_bits_of_the_java_text() {
        try (var vulkan = VulkanFixture.open()) {
            var device = vulkan.device();
            float[] inputs = inputs();
            var kernel = device.kernel(new Kernel.Source("functions", "SS", 1, 0));
            try (var x = device.buffer(4L * INPUTS, DeviceMemory.Place.UPLOAD);
                    var y = device.buffer(4L * INPUTS * RESULTS, DeviceMemory.Place.READBACK);
                    var sequence = new CommandSequence(device)) {
                MemorySegment.copy(inputs, 0, x.mapped(), ValueLayout.JAVA_FLOAT, 0, INPUTS);
                sequence.dispatch(kernel, INPUTS / 32, 1, 1, List.of(x, y), INPUTS)
                        .barrierToHost()
                        .end()
                        .run();
                int[] found = y.mapped().toArray(ValueLayout.JAVA_INT);
                for (int i = 0; i < INPUTS; i++) {
                    assertThat(List.of(
                                    found[RESULTS * i],
                                    found[RESULTS * i + 1],
                                    found[RESULTS * i + 2],
                                    found[RESULTS * i + 3],
                                    found[RESULTS * i + 4],
                                    found[RESULTS * i + 5]))
                            .as("exp, rsqrt, recip, toHalf, fromHalf, flush of %s", inputs[i])
                            .isEqualTo(expected(inputs[i]));
                }
            }
        }
    }

    private static List<Integer> expected(float x) {
        float positive = Math.abs(x) + 1e-3f;
        short half = Ig1.toHalf(x);
        return List.of(
                Float.floatToRawIntBits(Ig1.exp(x)),
                Float.floatToRawIntBits(Ig1.rsqrt(positive)),
                Float.floatToRawIntBits(Ig1.recip(positive)),
                Short.toUnsignedInt(half),
                Float.floatToRawIntBits(Ig1.fromHalf(half)),
                Float.floatToRawIntBits(Ig1.flush(x)));
    }

    /** Both signs and every exponent from 2^-40 to 2^40, with the edges of halves among them. */
    private static float[] inputs() {
        float[] edges = {
            0f, -0f, 65504f, 65519f, 65520f, 1e9f, 0x1p-14f, 0x1.ffcp-15f, 0x1p-24f, 0x1p-25f, 0x1.8p-25f, 60f, -60f
        };
        var random = new SeededRandom(5);
        var inputs = new float[INPUTS];
        for (int i = 0; i < INPUTS; i++) {
            float scale = Float.intBitsToFloat((127 - 40 + random.nextInt(81)) << 23);
            inputs[i] = i < edges.length ? edges[i] : random.nextFloat() * scale;
        }
        return inputs;
    }

    @Test
    void sessions_of_several_threads_do_not_disturb_one_another() throws Exception {
        try (var vulkan = VulkanFixture.open()) {
            var model = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 21);
            try (var stage = vulkan.backend().load(model, StageSpec.whole(2));
                    var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Callable<float[]> conversation = () -> {
                    try (var session = stage.open(24)) {
                        float[] last = {};
                        for (int i = 0; i < 12; i++) {
                            var out = session.forward(new StageInput.Tokens(3 * i, i), LogitsWanted.LAST);
                            last = ((StageOutput.Logits) out).values()[0];
                        }
                        return last;
                    }
                };
                float[] alone = conversation.call();
                List<Future<float[]>> together = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    together.add(threads.submit(conversation));
                }
                for (Future<float[]> one : together) {
                    assertThat(one.get()).isEqualTo(alone);
                }
            }
        }
    }

    @Test
    void freed_memory_is_used_again_and_an_empty_block_goes_back() {
        try (var vulkan = VulkanFixture.open()) {
            var device = vulkan.device();
            var buffers = new ArrayList<DeviceBuffer>();
            for (int i = 0; i < 64; i++) {
                buffers.add(device.buffer(100_000L * (i % 7 + 1), DeviceMemory.Place.DEVICE));
            }
            int blocks = device.live().counts().getOrDefault("memory", 0);
            for (int i = 0; i < 64; i += 2) {
                buffers.get(i).close();
                buffers.set(i, device.buffer(100_000L * (i % 7 + 1), DeviceMemory.Place.DEVICE));
            }
            assertThat(device.live().counts()).containsEntry("memory", blocks);
            buffers.forEach(DeviceBuffer::close);
            assertThat(device.live().counts()).doesNotContainKeys("memory", "buffer");
        }
    }

    @Test
    void memory_that_the_device_does_not_have_is_refused_and_leaks_nothing() {
        VulkanFixture.open().close(); // skips where there is no device
        // without the validation layer, which rightly objects to such a size
        var instance = VulkanInstance.open(VulkanInstance.Validation.OFF);
        try (var backend = VulkanBackend.open(instance)) {
            var before = instance.live().counts();
            assertThatThrownBy(() -> backend.vulkanDevice().buffer(1L << 45, DeviceMemory.Place.DEVICE))
                    .isInstanceOf(VulkanException.class);
            assertThat(instance.live().counts()).isEqualTo(before);
        }
        assertThat(instance.live().counts()).isEmpty();
    }

    @Test
    void a_closed_device_refuses_work() {
        var vulkan = VulkanFixture.open();
        var queue = vulkan.device().queue();
        vulkan.close();
        assertThatThrownBy(() -> queue.submit(1L)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void devices_are_listed_best_first_with_what_they_lack() {
        try (var vulkan = VulkanFixture.open()) {
            var devices = vulkan.instance().devices();
            assertThat(devices).isNotEmpty();
            var best = devices.getFirst();
            assertThat(best.usable()).isTrue();
            assertThat(best.uuid()).hasSize(32);
            assertThat(best.deviceMemoryBytes()).isPositive();
            assertThat(best.driver()).isNotBlank();
        }
    }
}
