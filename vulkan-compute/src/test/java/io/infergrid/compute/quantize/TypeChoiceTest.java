package io.infergrid.compute.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.gguf.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Facts of files that llama.cpp's quantiser wrote. */
class TypeChoiceTest {

    @Test
    void the_m_files_give_more_bits_to_the_ends_and_to_every_third_block_between() {
        var choice = new TypeChoice.Published(FileType.Q4_K_M, 32, 4, false);
        List<Integer> more = List.of(0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31);
        assertThat(blocksOf(choice, 32, "attn_v", TensorType.Q6_K)).isEqualTo(more);
        assertThat(blocksOf(choice, 32, "ffn_down", TensorType.Q6_K)).isEqualTo(more);
        assertThat(blocksOf(choice, 32, "attn_q", TensorType.Q4_K)).hasSize(32);
        // 35 blocks do not divide by eight
        var odd = new TypeChoice.Published(FileType.Q5_K_M, 35, 1, true);
        assertThat(blocksOf(odd, 35, "attn_v", TensorType.Q6_K))
                .containsExactly(0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 31, 32, 33, 34);
    }

    @ParameterizedTest
    @CsvSource({
        "Q2_K, 1, Q3_K, Q3_K, Q3_K, Q2_K",
        "Q2_K, 4, Q4_K, Q3_K, Q3_K, Q2_K",
        "Q3_K_S, 4, Q3_K, Q3_K, Q3_K, Q3_K",
        "Q3_K_M, 4, Q4_K, Q4_K, Q4_K, Q3_K",
        "Q3_K_L, 4, Q5_K, Q5_K, Q5_K, Q3_K",
        "Q4_K_S, 4, Q4_K, Q4_K, Q4_K, Q4_K",
        "Q5_K_S, 4, Q5_K, Q5_K, Q5_K, Q5_K",
        "Q6_K, 4, Q6_K, Q6_K, Q6_K, Q6_K",
        "IQ4_XS, 1, IQ4_XS, IQ4_XS, IQ4_XS, IQ4_XS",
        "IQ4_NL, 8, Q5_K, IQ4_NL, IQ4_NL, IQ4_NL",
        "Q4_0, 8, Q4_0, Q4_0, Q4_0, Q4_0"
    })
    void a_block_in_the_middle(
            FileType file, int shared, TensorType value, TensorType down, TensorType output, TensorType others) {
        var choice = new TypeChoice.Published(file, 32, shared, false);
        assertThat(choice.of("blk.16.attn_v.weight", 1024)).isEqualTo(value);
        assertThat(choice.of("blk.16.ffn_down.weight", 1024)).isEqualTo(down);
        assertThat(choice.of("blk.16.attn_output.weight", 1024)).isEqualTo(output);
        for (String name : List.of("attn_q", "attn_k", "ffn_gate", "ffn_up")) {
            assertThat(choice.of("blk.16." + name + ".weight", 1024)).isEqualTo(others);
        }
        assertThat(choice.of("token_embd.weight", 1024)).isEqualTo(others);
        assertThat(choice.of("output.weight", 1024)).isEqualTo(TensorType.Q6_K);
    }

    @Test
    void the_first_blocks_of_some_files_have_more_bits() {
        var small = new TypeChoice.Published(FileType.Q4_K_S, 32, 4, true);
        assertThat(blocksOf(small, 32, "attn_v", TensorType.Q5_K)).containsExactly(0, 1, 2, 3);
        assertThat(blocksOf(small, 32, "ffn_down", TensorType.Q5_K)).containsExactly(0, 1, 2, 3);
        var three = new TypeChoice.Published(FileType.Q3_K_M, 32, 4, true);
        assertThat(blocksOf(three, 32, "attn_v", TensorType.Q5_K)).containsExactly(0, 1);
        assertThat(blocksOf(three, 32, "ffn_down", TensorType.Q5_K)).containsExactly(0, 1);
        var four = new TypeChoice.Published(FileType.IQ4_XS, 20, 1, true);
        assertThat(blocksOf(four, 20, "ffn_down", TensorType.Q5_K)).containsExactly(0, 1);
    }

    @Test
    void the_value_matrices_of_a_70b_are_q5_k_or_better() {
        for (FileType type : List.of(FileType.Q3_K_S, FileType.Q3_K_M, FileType.Q4_K_S, FileType.Q2_K)) {
            assertThat(blocksOf(new TypeChoice.Published(type, 80, 8, false), 80, "attn_v", TensorType.Q5_K))
                    .as(type.name())
                    .hasSize(80);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Q2_K, Q4_0",
        "Q3_K_S, Q4_0",
        "Q4_K_S, Q5_0",
        "Q5_K_S, Q5_1",
        "Q6_K, Q8_0",
        "IQ4_XS, IQ4_NL",
        "Q4_0, Q4_0"
    })
    void rows_that_256_does_not_divide_have_blocks_of_32(FileType file, TensorType fallback) {
        var choice = new TypeChoice.Published(file, 32, 4, false);
        assertThat(choice.of("blk.16.ffn_up.weight", 864)).isEqualTo(fallback);
        assertThat(choice.of("blk.16.ffn_up.weight", 100)).isEqualTo(TensorType.F16);
        assertThat(choice.of("output.weight", 864)).isEqualTo(TensorType.Q8_0);
    }

    @ParameterizedTest
    @EnumSource(FileType.class)
    void the_output_is_q6_k_or_what_the_file_is(FileType type) {
        boolean itself = type == FileType.Q8_0 || !type.matrices().quantised();
        TensorType expected = itself ? type.matrices() : TensorType.Q6_K;
        assertThat(new TypeChoice.Published(type, 16, 4, true).of("token_embd.weight", 2048))
                .isEqualTo(expected);
        assertThat(new TypeChoice.Published(type, 16, 4, false).of("token_embd.weight", 2048))
                .isEqualTo(type.matrices());
        assertThat(new TypeChoice.Published(type, 16, 4, false).of("output.weight", 2048))
                .isEqualTo(expected);
    }

    private static List<Integer> blocksOf(TypeChoice choice, int blocks, String tensor, TensorType type) {
        return IntStream.range(0, blocks)
                .filter(block -> choice.of("blk." + block + "." + tensor + ".weight", 1024) == type)
                .boxed()
                .collect(java.util.stream.Collectors.toCollection(ArrayList::new));
    }
}
