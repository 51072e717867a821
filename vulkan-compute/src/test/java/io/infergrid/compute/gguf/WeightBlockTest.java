package io.infergrid.compute.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightBlockTest {

    /** The largest sum that a block's dot product with activations of 127 can reach must stay exact in binary32. */
    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void integers_of_any_bytes_stay_below_two_to_the_24(TensorType type) {
        var random = new Random(type.id());
        var bytes = new byte[type.blockBytes()];
        for (int round = 0; round < 400; round++) {
            random.nextBytes(bytes);
            if (round % 4 == 0) {
                java.util.Arrays.fill(bytes, (byte) (round % 8 == 0 ? 0x80 : 0xff));
            }
            for (int block = 0; block < type.blockElements() / WeightBlock.SIZE; block++) {
                var read = new WeightBlock().read(type, MemorySegment.ofArray(bytes), 0, block);
                int most = 0;
                int low = 0;
                for (int i = 0; i < WeightBlock.SIZE; i++) {
                    most += Math.abs(read.factor(i / 16) * read.q(i)) * 127;
                    low += Math.abs(read.offsetFactor(i / 16)) * 127;
                    assertThat(read.q(i)).isBetween(-128, 127);
                }
                assertThat(most).isLessThan(1 << 24);
                assertThat(low).isLessThan(1 << 24);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TensorType.class,
            names = {"F32", "F16", "BF16"},
            mode = EnumSource.Mode.EXCLUDE)
    void scales_stand_where_the_type_says(TensorType type) {
        var bytes = new byte[type.blockBytes()];
        for (int at : type.halves()) {
            bytes[at + 1] = 0x7c; // infinity
            var read = new WeightBlock().read(type, MemorySegment.ofArray(bytes), 0, 0);
            assertThat(Float.isFinite(read.scale()) && Float.isFinite(read.offset()))
                    .as("half at %d", at)
                    .isFalse();
            bytes[at + 1] = 0;
        }
    }
}
