package io.infergrid.compute.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.plan.StagePlanner.Budget;
import io.infergrid.compute.plan.StagePlanner.Fit;
import io.infergrid.compute.quantize.FileType;
import io.infergrid.compute.quantize.Progress;
import io.infergrid.compute.quantize.RandomLlama;
import io.infergrid.compute.quantize.RandomLlama.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagePlannerTest {

    // super-blocks of 256 weights: Q4_K 144 bytes, Q5_K 176, Q6_K 210
    private static final long QUERY_Q4_K = 8192L * 8192 / 256 * 144;
    private static final long KEY_Q4_K = 8192L * 1024 / 256 * 144;
    private static final long VALUE_Q5_K = 8192L * 1024 / 256 * 176;
    private static final long VALUE_Q6_K = 8192L * 1024 / 256 * 210;
    private static final long FEED_FORWARD_Q4_K = 8192L * 28_672 / 256 * 144;
    private static final long FEED_FORWARD_Q6_K = 8192L * 28_672 / 256 * 210;
    private static final long NORMS = 2 * 8192 * 4;

    /** A block of 70B in Q4_K_M. */
    private static final long SMALL_BLOCK = 2 * QUERY_Q4_K + KEY_Q4_K + VALUE_Q5_K + 3 * FEED_FORWARD_Q4_K + NORMS;

    /** One whose value and down matrices have more bits. */
    private static final long LARGE_BLOCK =
            2 * QUERY_Q4_K + KEY_Q4_K + VALUE_Q6_K + 2 * FEED_FORWARD_Q4_K + FEED_FORWARD_Q6_K + NORMS;

    private static final ModelFootprint LLAMA_70B =
            ModelFootprint.of(RandomLlama.header(Shape.LLAMA_3_70B, FileType.Q4_K_M));

    @TempDir
    Path folder;

    @Test
    void the_bytes_of_a_70b_in_q4_k_m_are_those_of_its_tensors() {
        assertThat(LLAMA_70B.blocks()).isEqualTo(80);
        assertThat(LLAMA_70B.embeddingBytes()).isEqualTo(128_256L * 8192 / 256 * 144);
        assertThat(LLAMA_70B.outputBytes()).isEqualTo(128_256L * 8192 / 256 * 210);
        assertThat(LLAMA_70B.normBytes()).isEqualTo(8192 * 4);
        assertThat(LLAMA_70B.sharedBytes()).isZero();
        assertThat(SMALL_BLOCK).isEqualTo(482_410_496L);
        assertThat(LARGE_BLOCK).isEqualTo(544_079_872L);
        // the first and last eighth, and every third between
        assertThat(LLAMA_70B.blockBytes().subList(0, 10)).containsOnly(LARGE_BLOCK);
        assertThat(LLAMA_70B.blockBytes().subList(10, 13)).containsExactly(SMALL_BLOCK, SMALL_BLOCK, LARGE_BLOCK);
        assertThat(LLAMA_70B.blockBytes().subList(70, 80)).containsOnly(LARGE_BLOCK);
        assertThat(LLAMA_70B.blockBytes())
                .filteredOn(bytes -> bytes == LARGE_BLOCK)
                .hasSize(40);
        assertThat(LLAMA_70B.weightBytes())
                .isEqualTo(42_512_531_456L)
                .isEqualTo(40 * (SMALL_BLOCK + LARGE_BLOCK)
                        + LLAMA_70B.embeddingBytes()
                        + LLAMA_70B.outputBytes()
                        + 8192 * 4);
    }

    @Test
    void keys_and_values_are_halves_in_pages_of_32_positions() {
        var whole = StageSpec.whole(80);
        assertThat(LLAMA_70B.cacheBytes(whole, 1)).isEqualTo(32L * 80 * 2 * 2 * 8 * 128);
        assertThat(LLAMA_70B.cacheBytes(whole, 32)).isEqualTo(LLAMA_70B.cacheBytes(whole, 1));
        assertThat(LLAMA_70B.cacheBytes(whole, 8192)).isEqualTo(8192L * 327_680);
        assertThat(LLAMA_70B.cacheBytes(new StageSpec(3, 4, false, false), 33)).isEqualTo(64L * 4096);
    }

    @Test
    void a_rig_with_8_gb_is_told_which_stages_of_a_70b_it_can_hold() {
        var planner = new StagePlanner(LLAMA_70B, new Budget(8_000_000_000L, 512L << 20, 1, 4096));
        long usable = 8_000_000_000L - (512L << 20);
        long cacheOfBlock = 4096L * 4096;

        Fit first = planner.longestFrom(0).orElseThrow();
        assertThat(first.spec()).isEqualTo(new StageSpec(0, 12, true, false));
        assertThat(first.weightBytes()).isEqualTo(LLAMA_70B.embeddingBytes() + 10 * LARGE_BLOCK + 2 * SMALL_BLOCK);
        assertThat(first.cacheBytes()).isEqualTo(12 * cacheOfBlock);
        assertThat(first.sessions()).isEqualTo((usable - first.weightBytes()) / (12 * cacheOfBlock));
        assertThat(first.bytes(first.sessions())).isBetween(usable - 12 * cacheOfBlock, usable);
        assertThat(first.readBytes()).isEqualTo(10 * LARGE_BLOCK + 2 * SMALL_BLOCK);
        assertThat(first.secondsPerToken(LLAMA_70B, 0, 400e9)).isEqualTo(first.readBytes() / 400e9);
        assertThat(planner.fit(0, 13)).isEmpty();

        assertThat(planner.longestFrom(10).orElseThrow().spec()).isEqualTo(new StageSpec(10, 24, false, false));
        assertThat(planner.fit(68, 80)).isEmpty();
        Fit last = planner.longestFrom(69).orElseThrow();
        assertThat(last.spec()).isEqualTo(new StageSpec(69, 80, false, true));

        List<Fit> cut = planner.cut();
        assertThat(cut).hasSize(7);
        assertThat(cut.getFirst().spec().firstBlock()).isZero();
        assertThat(cut.getLast().spec().endBlock()).isEqualTo(80);
        assertThat(cut).allSatisfy(stage -> {
            assertThat(stage.sessions()).isPositive();
            assertThat(stage.spec().blocks()).isBetween(9, 14);
        });
    }

    @Test
    void a_rig_that_is_too_small_for_one_block_holds_none() {
        var planner = new StagePlanner(LLAMA_70B, new Budget(1_000_000_000L, 512L << 20, 1, 4096));
        assertThat(planner.longest()).isEmpty();
        assertThat(planner.cut()).isEmpty();
    }

    @Test
    void a_tied_output_matrix_counts_once_in_a_stage_with_both_ends() {
        var model = ModelFootprint.of(RandomLlama.header(Shape.ONE_BILLION, FileType.Q8_0));
        long embedding = 102_400L * 2048 / 32 * 34;
        assertThat(model.embeddingBytes()).isEqualTo(embedding);
        assertThat(model.outputBytes()).isZero();
        var first = new StageSpec(0, 8, true, false);
        var last = new StageSpec(8, 16, false, true);
        assertThat(model.weightBytes(first) + model.weightBytes(last)).isEqualTo(model.weightBytes() + embedding);
    }

    @Test
    void the_engine_takes_about_what_is_planned() throws IOException {
        Path file = folder.resolve("small.gguf");
        var shape = new Shape("few", 256, 8, 4, 2, 512, 1024, 256, false);
        RandomLlama.write(file, shape, FileType.Q4_K_M, false, 1, Progress.NONE);
        try (var gguf = GgufFile.open(file);
                var cpu = new CpuBackend(1)) {
            var model = ModelFootprint.of(RandomLlama.header(shape, FileType.Q4_K_M));
            assertThat(model.weightBytes()).isBetween(Files.size(file) * 9 / 10, Files.size(file));
            for (StageSpec spec :
                    List.of(StageSpec.whole(8), new StageSpec(0, 3, true, false), new StageSpec(5, 8, false, true))) {
                try (Stage stage = cpu.load(gguf, spec)) {
                    assertThat((double) stage.weightBytes())
                            .isBetween(0.9 * model.weightBytes(spec), 1.15 * model.weightBytes(spec));
                }
            }
        }
    }

    @Test
    void a_model_without_the_tensors_of_a_block_is_refused() {
        GgufHeader whole = RandomLlama.header(Shape.TINY, FileType.F16);
        var lacking = new GgufHeader(
                whole.version(),
                whole.metadata(),
                whole.tensors().stream()
                        .filter(tensor -> !tensor.name().startsWith("blk.1."))
                        .toList());
        assertThatThrownBy(() -> ModelFootprint.of(lacking))
                .isInstanceOf(GgufException.class)
                .hasMessage("expected tensors of block 1, found none");
    }

    @Property(tries = 200)
    void a_cut_covers_the_model_in_order_and_every_stage_fits(
            @ForAll @LongRange(min = 500_000_000, max = 60_000_000_000L) long memory,
            @ForAll @IntRange(min = 1, max = 16) int sessions,
            @ForAll @IntRange(min = 1, max = 8192) int positions) {
        var planner = new StagePlanner(LLAMA_70B, new Budget(memory, 0, sessions, positions));
        List<Fit> cut = planner.cut();
        int next = 0;
        for (Fit stage : cut) {
            assertThat(stage.spec().firstBlock()).isEqualTo(next);
            assertThat(stage.bytes(sessions)).isLessThanOrEqualTo(memory);
            assertThat(stage.bytes(stage.sessions() + 1)).isGreaterThan(memory);
            next = stage.spec().endBlock();
        }
        assertThat(next).isEqualTo(cut.isEmpty() ? 0 : 80);
        // no fewer stages would do
        if (cut.size() > 1) {
            assertThat(planner.longest().stream()
                            .mapToInt(fit -> fit.spec().blocks())
                            .max()
                            .orElse(0))
                    .isLessThan(80);
        }
    }
}
