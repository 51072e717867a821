package io.infergrid.compute.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/** Weights that are infinite or not a number, wherever they stand in a block. */
class BadWeightsTest {

    private static final int COLUMNS = 512;

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void a_scale_or_element_that_is_not_finite_is_refused_with_the_tensors_name(TensorType type) {
        int[] places = type.quantised() ? type.halves() : new int[] {type.blockBytes() - 2};
        for (int place : places) {
            for (int bad : new int[] {0x7c00, 0xfc00, 0x7e00, 0x7d01}) {
                var bytes = new byte[(int) (3 * type.rowBytes(COLUMNS))];
                int at = (int) type.rowBytes(COLUMNS) + type.blockBytes() + place; // in row 1
                int bits = type == TensorType.F32 || type == TensorType.BF16 ? bad | 0x7f80 : bad;
                bytes[at] = (byte) bits;
                bytes[at + 1] = (byte) (bits >> 8);
                var tensor = new GgufTensor("blk.0.some", type, COLUMNS, 3, MemorySegment.ofArray(bytes));
                assertThatThrownBy(() -> StageTensors.requireFinite(tensor))
                        .isInstanceOf(GgufException.class)
                        .hasMessage("tensor 'blk.0.some': expected finite weights, found one that is not in row 1");
                assertThatThrownBy(() -> StageTensors.requireFinite(tensor.asF32()))
                        .isInstanceOf(GgufException.class)
                        .hasMessageContaining("in row 1");
            }
        }
    }

    /** In the last row of a matrix inside a block, for every place where a scale stands. */
    @ParameterizedTest
    @EnumSource(TensorType.class)
    void the_processor_refuses_a_model_with_a_bad_weight(TensorType type) {
        try (var one = new CpuBackend(1);
                var two = new CpuBackend(2)) {
            refuses(one, type);
            refuses(two, type);
        }
    }

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void vulkan_refuses_a_model_with_a_bad_weight(TensorType type) {
        VulkanBackend vulkan;
        try {
            vulkan = VulkanBackend.open();
        } catch (VulkanException none) {
            throw new TestAbortedException("needs a Vulkan device (Mesa's lavapipe will do): " + none.getMessage());
        }
        try (vulkan) {
            refuses(vulkan, type);
        }
    }

    private static void refuses(Backend backend, TensorType type) {
        var sound = SeededModel.of(SeededModel.Shape.tiny(type), 5);
        String name = "blk.0.ffn_down.weight";
        GgufTensor tensor = sound.tensor(name);
        int[] places = type.quantised() ? type.halves() : new int[] {type.blockBytes() - 2};
        for (int place : places) {
            byte[] bytes = tensor.data().toArray(ValueLayout.JAVA_BYTE);
            int at = bytes.length - type.blockBytes() + place;
            bytes[at] = (byte) 0xc0;
            bytes[at + 1] = 0x7f; // not a number as a half, and as the upper half of a float
            var bad = new GgufTensor(
                    name,
                    type,
                    tensor.columns(),
                    tensor.rows(),
                    MemorySegment.ofArray(bytes).asReadOnly());
            assertThatThrownBy(() -> backend.load(new Replaced(sound, bad), new StageSpec(0, 1, false, false)))
                    .isInstanceOf(GgufException.class)
                    .hasMessage("tensor '" + name + "': expected finite weights, found one that is not in row "
                            + (tensor.rows() - 1));
        }
    }

    private record Replaced(TensorSource model, GgufTensor other) implements TensorSource {
        @Override
        public GgufMetadata metadata() {
            return model.metadata();
        }

        @Override
        public Set<String> tensorNames() {
            return model.tensorNames();
        }

        @Override
        public Optional<GgufTensor> find(String name) {
            return name.equals(other.name()) ? Optional.of(other) : model.find(name);
        }
    }

    /** Bytes that would be infinite as a half, anywhere but where a scale stands. */
    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void integers_of_any_value_are_not_taken_for_scales(TensorType type) {
        var bytes = new byte[(int) type.rowBytes(COLUMNS)];
        java.util.Arrays.fill(bytes, (byte) 0x7f);
        for (int block = 0; block < bytes.length; block += type.blockBytes()) {
            for (int half : type.halves()) {
                bytes[block + half] = 0;
                bytes[block + half + 1] = 0x3c;
            }
        }
        var tensor = new GgufTensor("any", type, COLUMNS, 1, MemorySegment.ofArray(bytes));
        assertThatCode(() -> StageTensors.requireFinite(tensor)).doesNotThrowAnyException();
        assertThatCode(() -> StageTensors.requireFinite(tensor.asF32())).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource(TensorType.class)
    void data_of_another_size_than_the_blocks_need_is_refused(TensorType type) {
        var bytes = MemorySegment.ofArray(new byte[(int) type.rowBytes(COLUMNS) * 2 - 1]);
        assertThatThrownBy(() -> new GgufTensor("blk.0.some", type, COLUMNS, 2, bytes))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith("tensor 'blk.0.some': expected " + (bytes.byteSize() + 1) + " bytes")
                .hasMessageEndingWith("found " + bytes.byteSize());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 9, 15, 16, 17, 24, 31, 39, 40, 1000, -1})
    void types_without_kernels_are_named(int id) {
        assertThatThrownBy(() -> TensorType.ofId(id))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith("expected a tensor type among F32, F16, Q4_0,")
                .hasMessageMatching(".*found (Q8_1|Q8_K|IQ2_XXS|IQ2_XS|I8|MXFP4|ggml type \\d+)");
    }

    @Test
    void a_row_of_another_length_than_blocks_is_refused() {
        assertThatThrownBy(() -> TensorType.Q4_K.rowBytes(704))
                .isInstanceOf(GgufException.class)
                .hasMessage("expected a row of Q4_K to be a multiple of 256 elements, found 704");
    }
}
