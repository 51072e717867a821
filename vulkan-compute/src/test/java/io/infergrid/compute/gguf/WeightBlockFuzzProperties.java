package io.infergrid.compute.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Tensors of arbitrary bytes: every read gives numbers, and finite ones wherever the scales are. */
class WeightBlockFuzzProperties {

    @Property(tries = 600)
    void arbitrary_bytes_are_numbers(
            @ForAll TensorType type, @ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int blocks) {
        int columns = blocks * type.blockElements();
        int rows = 3;
        var bytes = new byte[(int) (rows * type.rowBytes(columns))];
        var random = new Random(seed);
        random.nextBytes(bytes);
        boolean finite = type.quantised();
        for (int block = 0; block < rows * blocks; block++) {
            for (int half : type.halves()) {
                int high = block * type.blockBytes() + half + 1;
                if (seed % 2 == 0) {
                    bytes[high] &= (byte) 0xbf; // an exponent below 16
                }
                finite &= (bytes[high] & 0x7c) != 0x7c;
            }
        }
        var tensor = new GgufTensor("any", type, columns, rows, MemorySegment.ofArray(bytes));
        var row = new float[columns + 5];
        for (int r = 0; r < rows; r++) {
            tensor.readRow(r, row, 5);
            for (float weight : row) {
                assertThat(!finite || Float.isFinite(weight)).isTrue();
            }
        }
        var expanded = tensor.asF32();
        var again = new float[columns + 5];
        expanded.readRow(rows - 1, again, 5);
        assertThat(again).containsExactly(row);
    }

    /** The form that kernels compute with says the same as the row. */
    @Property(tries = 600)
    void a_block_and_its_row_agree(@ForAll TensorType type, @ForAll long seed) {
        if (!type.quantised()) {
            return;
        }
        var bytes = new byte[2 * type.blockBytes()];
        new Random(seed).nextBytes(bytes);
        var data = MemorySegment.ofArray(bytes);
        var row = new float[2 * type.blockElements()];
        new GgufTensor("any", type, row.length, 1, data).readRow(0, row, 0);
        for (int b = 0; b < row.length / WeightBlock.SIZE; b++) {
            var block = new WeightBlock().read(type, data, 0, b);
            assertThat(type.hasOffset() || block.offset() == 0).isTrue();
            for (int i = 0; i < WeightBlock.SIZE; i++) {
                int half = i / WeightBlock.HALF_SIZE;
                float weight = block.scale() * (block.factor(half) * block.q(i));
                if (type.hasOffset()) {
                    weight += block.offset() * block.offsetFactor(half);
                }
                // + 0 makes one zero of both
                assertThat(row[b * WeightBlock.SIZE + i] + 0f).isEqualTo((Float) (weight + 0f));
            }
        }
    }
}
