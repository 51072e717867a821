package io.infergrid.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.slice.Gather;
import io.infergrid.compute.slice.LocalExchange;
import io.infergrid.compute.slice.SliceLostException;
import io.infergrid.compute.slice.SlicePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/** A stage shared out among members gives the bytes of one that computes all rows, whatever the shape and the shares. */
class SliceProperties {

    /** What a member said to each call. */
    private record Said(List<StageOutput> outputs, long weightBytes, long cacheBytes) {}

    @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
    void members_give_the_bytes_of_one_machine(
            @ForAll("shapes") RandomModel.Shape shape,
            @ForAll long seed,
            @ForAll @IntRange(min = 2, max = 4) int wanted,
            @ForAll boolean head)
            throws Exception {
        var random = new Random(seed);
        var model = RandomModel.of(shape, seed);
        var config = ModelConfig.of(model.metadata());
        int members = Math.min(wanted, shape.kvHeads());
        SlicePlan plan = SlicePlan.of(config, random.doubles(members, 0.2, 3).toArray());
        var spec = new StageSpec(0, shape.blocks(), false, head);
        int positions = 1 + random.nextInt(60);
        byte[] wire = embedded(model, CpuBackendProperties.tokens(shape, positions, seed));
        // cut as prefill and decode would, the same for all members
        var cuts = new ArrayList<Integer>();
        for (int left = positions; left > 0; ) {
            int some = 1 + random.nextInt(left);
            cuts.add(some);
            left -= some;
        }
        LogitsWanted which = random.nextBoolean() ? LogitsWanted.ALL : LogitsWanted.LAST;

        Said alone;
        try (var cpu = new CpuBackend(1);
                var stage = cpu.load(model, spec)) {
            alone = run(stage, config.dimension(), wire, cuts, which);
        }
        List<Said> shared = together(plan, model, spec, config.dimension(), wire, cuts, which);

        for (int call = 0; call < cuts.size(); call++) {
            assertThat(bytes(shared.getFirst().outputs().get(call)))
                    .isDeepEqualTo(bytes(alone.outputs().get(call)));
            for (Said member : shared) {
                if (!head) {
                    assertThat(bytes(member.outputs().get(call)))
                            .isDeepEqualTo(bytes(alone.outputs().get(call)));
                }
            }
        }
        assertThat(shared.stream().mapToLong(Said::cacheBytes).sum()).isEqualTo(alone.cacheBytes());
        assertThat(shared).allMatch(member -> member.weightBytes() <= alone.weightBytes());
    }

    private static List<Said> together(
            SlicePlan plan,
            RandomModel model,
            StageSpec spec,
            int dimension,
            byte[] wire,
            List<Integer> cuts,
            LogitsWanted which)
            throws Exception {
        var exchange = new LocalExchange(plan);
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            var running = new ArrayList<Future<Said>>();
            for (int i = 0; i < plan.members(); i++) {
                int member = i;
                running.add(threads.submit(() -> {
                    try (var cpu = new CpuBackend(1 + member % 2);
                            var stage =
                                    cpu.loadSlice(model, spec, StageLimits.NONE, plan, member, exchange.of(member))) {
                        return run(stage, dimension, wire, cuts, which);
                    } catch (RuntimeException | Error failed) {
                        exchange.giveUp();
                        throw failed;
                    }
                }));
            }
            var said = new ArrayList<Said>();
            for (Future<Said> one : running) {
                said.add(one.get());
            }
            return said;
        }
    }

    private static Said run(Stage stage, int dimension, byte[] wire, List<Integer> cuts, LogitsWanted which) {
        int positions = wire.length / 2 / dimension;
        var outputs = new ArrayList<StageOutput>();
        try (StageSession session = stage.open(positions)) {
            int done = 0;
            for (int some : cuts) {
                byte[] part = Arrays.copyOfRange(wire, done * dimension * 2, (done + some) * dimension * 2);
                outputs.add(session.forward(new Boundary(some, dimension, part), which));
                done += some;
            }
            return new Said(outputs, stage.weightBytes(), stage.cacheBytes());
        }
    }

    private static byte[] embedded(RandomModel model, int[] ids) {
        try (var cpu = new CpuBackend(1);
                var embedding = cpu.load(model, new StageSpec(0, 0, true, false));
                var session = embedding.open(ids.length)) {
            return ((Boundary) session.forward(new StageInput.Tokens(ids), LogitsWanted.ALL)).wire();
        }
    }

    private static int[][] bytes(StageOutput output) {
        return output instanceof Boundary boundary
                ? new int[][] {ints(boundary.wire())}
                : CpuBackendProperties.logits(output);
    }

    private static int[] ints(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i];
        }
        return values;
    }

    @Property(tries = 300)
    void a_plan_gives_every_row_to_one_member_and_something_to_each(
            @ForAll("shapes") RandomModel.Shape shape,
            @ForAll @IntRange(min = 1, max = 8) int wanted,
            @ForAll long seed) {
        var config = ModelConfig.of(RandomModel.of(shape, 1).metadata());
        int members = Math.min(wanted, shape.kvHeads());
        SlicePlan plan =
                SlicePlan.of(config, new Random(seed).doubles(members, 1e-3, 10).toArray());
        for (Gather point : Gather.values()) {
            int end = 0;
            for (int member = 0; member < members; member++) {
                assertThat(plan.elements(point, member).from()).isEqualTo(end);
                end = plan.elements(point, member).to();
            }
            assertThat(end).isEqualTo(plan.width(point));
        }
    }

    @Example
    void heads_that_do_not_divide_are_shared_out_unevenly_and_more_members_than_heads_are_refused() {
        var shape = new RandomModel.Shape("llama", 1, 16, 8, 16, 256, 64, TensorType.Q8_0, false);
        var config = ModelConfig.of(RandomModel.of(shape, 1).metadata());
        assertThat(SlicePlan.of(config, 1, 1, 1).slices())
                .extracting(slice -> slice.kvHeads().count())
                .containsExactly(3, 2, 3);
        assertThat(SlicePlan.of(config, 3, 1).slices())
                .extracting(slice -> slice.feedForward().count())
                .containsExactly(192, 64);
        assertThatThrownBy(() -> SlicePlan.of(config, 1, 1, 1, 1, 1, 1, 1, 1, 1))
                .hasMessageContaining("8 key-value heads, found 9");
        assertThatThrownBy(() -> SlicePlan.of(config, 1, Double.NaN)).hasMessageContaining("expected weights above 0");
    }

    @Example
    void two_members_hold_half_of_the_weights_each() {
        var shape = new RandomModel.Shape("llama", 1, 16, 8, 16, 1024, 512, TensorType.Q8_0, false);
        var model = RandomModel.of(shape, 1);
        var plan = SlicePlan.of(ModelConfig.of(model.metadata()), 1, 1);
        var spec = new StageSpec(0, 1, false, true);
        try (var cpu = new CpuBackend(1);
                var whole = cpu.load(model, spec);
                var half = cpu.loadSlice(model, spec, StageLimits.NONE, plan, 1, (point, n, width, values) -> {})) {
            assertThat(half.weightBytes()).isLessThan(whole.weightBytes() * 11 / 20);
            assertThat(half.cachePageBytes()).isEqualTo(whole.cachePageBytes() / 2);
        }
    }

    @Example
    void a_member_that_is_lost_ends_the_step_and_moves_no_session() {
        var shape = new RandomModel.Shape("llama", 2, 4, 2, 16, 64, 64, TensorType.Q4_0, false);
        var model = RandomModel.of(shape, 3);
        var plan = SlicePlan.of(ModelConfig.of(model.metadata()), 1, 1);
        var calls = new int[1];
        try (var cpu = new CpuBackend(1);
                var stage = cpu.loadSlice(
                        model,
                        new StageSpec(0, 2, false, true),
                        StageLimits.NONE,
                        plan,
                        0,
                        (point, n, width, values) -> {
                            if (calls[0]++ == 5) {
                                throw new SliceLostException("it is gone");
                            }
                        });
                var session = stage.open(8)) {
            var input = new Boundary(1, shape.dimension(), new byte[2 * shape.dimension()]);
            assertThatThrownBy(() -> session.forward(input, LogitsWanted.LAST)).isInstanceOf(SliceLostException.class);
            assertThat(session.position()).isZero();
            session.forward(input, LogitsWanted.LAST);
            assertThat(session.position()).isEqualTo(1);
        }
    }

    @Provide
    Arbitrary<RandomModel.Shape> shapes() {
        var heads = Arbitraries.of(List.of(
                List.of(4, 2, 8),
                List.of(4, 4, 24),
                List.of(8, 8, 12),
                List.of(6, 3, 48),
                List.of(9, 3, 64),
                List.of(10, 5, 16),
                List.of(16, 4, 16),
                List.of(2, 2, 80)));
        var extras = Combinators.combine(
                        Arbitraries.of(0, 0, 32, 96, 160),
                        Arbitraries.of(0, 0, 5, 33),
                        Arbitraries.of("none", "linear", "yarn"),
                        Arbitraries.of(false, true))
                .as(RandomModel.Extras::new);
        return Combinators.combine(
                        Arbitraries.of("llama", "qwen2", "qwen3"),
                        Arbitraries.integers().between(1, 3),
                        heads,
                        Arbitraries.of(1, 2, 3, 7, 8, 16),
                        Arbitraries.integers().between(8, 90),
                        Arbitraries.of(TensorType.values()),
                        extras)
                .as((family, blocks, head, feedForward, vocabulary, type, other) -> new RandomModel.Shape(
                        family,
                        blocks,
                        head.get(0),
                        head.get(1),
                        head.get(2),
                        32 * feedForward,
                        vocabulary,
                        type,
                        false,
                        other));
    }
}
