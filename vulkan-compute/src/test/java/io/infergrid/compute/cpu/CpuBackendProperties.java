package io.infergrid.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/** Whole forward passes on drawn shapes and weights: the CPU backend gives the naive reference's bytes, however it is cut. */
class CpuBackendProperties {

    @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
    void a_forward_pass_gives_the_bytes_of_the_reference(
            @ForAll("shapes") RandomModel.Shape shape,
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 45) int positions,
            @ForAll @IntRange(min = 1, max = 3) int threads) {
        var model = RandomModel.of(shape, seed);
        int[] ids = tokens(shape, positions, seed);
        try (var reference = new ReferenceBackend();
                var cpu = new CpuBackend(threads)) {
            var whole = StageSpec.whole(shape.blocks());
            var expected = logits(run(reference, model, whole, new StageInput.Tokens(ids), positions));
            var found = logits(run(cpu, model, whole, new StageInput.Tokens(ids), positions));
            assertThat(found).isDeepEqualTo(expected);
        }
    }

    @Property(tries = 30, shrinking = ShrinkingMode.BOUNDED)
    void any_split_into_calls_and_stages_gives_the_same_bytes(
            @ForAll("shapes") RandomModel.Shape shape,
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int threads) {
        var random = new Random(seed);
        var model = RandomModel.of(shape, seed);
        int positions = 1 + random.nextInt(150);
        int[] ids = tokens(shape, positions, seed);
        try (var cpu = new CpuBackend(threads)) {
            var whole = StageSpec.whole(shape.blocks());
            var expected = logits(run(cpu, model, whole, new StageInput.Tokens(ids), positions));
            int cut = random.nextInt(shape.blocks() + 1);
            try (var first = cpu.load(model, new StageSpec(0, cut, true, false));
                    var second = cpu.load(model, new StageSpec(cut, shape.blocks(), false, true));
                    var head = first.open(positions);
                    var tail = second.open(positions)) {
                var found = new ArrayList<int[]>();
                for (int done = 0; done < positions; ) {
                    int some = 1 + random.nextInt(positions - done);
                    var input = new StageInput.Tokens(Arrays.copyOfRange(ids, done, done + some));
                    var boundary = (Boundary) head.forward(input, LogitsWanted.ALL);
                    if (random.nextInt(4) == 0) {
                        // a standby's replay: forget what was just computed, or more, and compute it again
                        head.rewind(done);
                        boundary = (Boundary) head.forward(input, LogitsWanted.ALL);
                    }
                    found.addAll(Arrays.asList(logits(tail.forward(boundary, LogitsWanted.ALL))));
                    done += some;
                }
                assertThat(found.toArray(int[][]::new)).isDeepEqualTo(expected);
            }
        }
    }

    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void asking_for_the_last_logits_gives_the_last_of_all(
            @ForAll("shapes") RandomModel.Shape shape, @ForAll long seed) {
        var random = new Random(seed);
        var model = RandomModel.of(shape, seed);
        int positions = 1 + random.nextInt(280);
        int[] ids = tokens(shape, positions + 1, seed);
        var prompt = new StageInput.Tokens(Arrays.copyOf(ids, positions));
        var next = new StageInput.Tokens(ids[positions]);
        try (var cpu = new CpuBackend(2);
                var stage = cpu.load(model, StageSpec.whole(shape.blocks()));
                var all = stage.open(positions + 1);
                var last = stage.open(positions + 1)) {
            int[][] expected = logits(all.forward(prompt, LogitsWanted.ALL));
            assertThat(logits(last.forward(prompt, LogitsWanted.LAST))[0]).isEqualTo(expected[positions - 1]);
            assertThat(logits(last.forward(next, LogitsWanted.LAST)))
                    .isDeepEqualTo(logits(all.forward(next, LogitsWanted.LAST)));
        }
    }

    @Property(tries = 15, shrinking = ShrinkingMode.OFF)
    void rewinding_and_replaying_leaves_no_trace(@ForAll("shapes") RandomModel.Shape shape, @ForAll long seed) {
        var random = new Random(seed);
        var model = RandomModel.of(shape, seed);
        int positions = 2 + random.nextInt(80);
        int[] ids = tokens(shape, positions, seed);
        int[] others = tokens(shape, positions, seed + 1);
        int kept = random.nextInt(positions);
        System.arraycopy(ids, 0, others, 0, kept);
        try (var cpu = new CpuBackend(2);
                var stage = cpu.load(model, StageSpec.whole(shape.blocks()));
                var fresh = stage.open(positions);
                var used = stage.open(positions)) {
            var expected = fresh.forward(new StageInput.Tokens(ids), LogitsWanted.LAST);
            used.forward(new StageInput.Tokens(others), LogitsWanted.LAST);
            used.rewind(kept);
            assertThat(used.position()).isEqualTo(kept);
            var found =
                    used.forward(new StageInput.Tokens(Arrays.copyOfRange(ids, kept, positions)), LogitsWanted.LAST);
            assertThat(logits(found)).isDeepEqualTo(logits(expected));
        }
    }

    static StageOutput run(Backend backend, RandomModel model, StageSpec spec, StageInput input, int most) {
        try (Stage stage = backend.load(model, spec);
                StageSession session = stage.open(most)) {
            return session.forward(input, LogitsWanted.ALL);
        }
    }

    /** Logits as bits, so that -0 and +0 differ and NaN equals itself. */
    static int[][] logits(StageOutput output) {
        return Arrays.stream(((StageOutput.Logits) output).values())
                .map(CpuBackendProperties::bits)
                .toArray(int[][]::new);
    }

    private static int[] bits(float[] values) {
        var bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    static int[] tokens(RandomModel.Shape shape, int positions, long seed) {
        return new Random(seed * 31).ints(positions, 0, shape.vocabulary()).toArray();
    }

    @Provide
    Arbitrary<RandomModel.Shape> shapes() {
        // heads * headDimension must be a multiple of 32 for the quantised types
        var heads = Arbitraries.of(List.of(
                List.of(1, 1, 32),
                List.of(2, 1, 16),
                List.of(4, 2, 8),
                List.of(4, 4, 24),
                List.of(8, 2, 12),
                List.of(6, 3, 48),
                List.of(5, 1, 64),
                List.of(9, 3, 64),
                List.of(4, 2, 64),
                List.of(16, 4, 16),
                List.of(2, 2, 80),
                List.of(2, 1, 96),
                List.of(1, 1, 128)));
        var extras = Combinators.combine(
                        Arbitraries.of(0, 0, 32, 96, 160),
                        Arbitraries.of(0, 0, 1, 5, 31, 32, 33, 70),
                        Arbitraries.of("none", "none", "linear", "yarn"),
                        Arbitraries.of(false, false, true))
                .as(RandomModel.Extras::new);
        return Combinators.combine(
                        Combinators.combine(Arbitraries.of("llama", "qwen2", "qwen3"), extras)
                                .as(Family::new),
                        Arbitraries.integers().between(1, 3),
                        heads,
                        Arbitraries.of(1, 2, 3, 7, 8, 12, 16),
                        Arbitraries.integers().between(3, 90),
                        Arbitraries.of(TensorType.values()),
                        Arbitraries.of(true, false))
                .as((family, blocks, head, feedForward, vocabulary, type, tied) -> new RandomModel.Shape(
                        family.architecture(),
                        blocks,
                        head.get(0),
                        head.get(1),
                        head.get(2),
                        32 * feedForward,
                        vocabulary,
                        type,
                        tied,
                        family.extras()));
    }

    private record Family(String architecture, RandomModel.Extras extras) {}
}
