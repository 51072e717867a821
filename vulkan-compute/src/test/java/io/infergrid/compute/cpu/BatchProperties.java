package io.infergrid.compute.cpu;

import static io.infergrid.compute.cpu.CpuBackendProperties.logits;
import static io.infergrid.compute.cpu.CpuBackendProperties.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.arithmetic.Layers;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.CacheFullException;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Many sessions in one step, and more sessions than the memory for keys and values holds. */
class BatchProperties {

    private static final RandomModel.Shape SHAPE =
            new RandomModel.Shape("qwen2", 2, 4, 2, 16, 96, 61, TensorType.Q4_0, false);

    /** A conversation: its tokens, and how far it has come. */
    private static final class Talk {
        final int[] ids;
        final int[][] alone;
        final StageSession session;
        int done;

        Talk(Stage stage, int positions, long seed) {
            ids = tokens(SHAPE, positions, seed);
            try (var whole = stage.open(positions)) {
                alone = logits(whole.forward(new StageInput.Tokens(ids), LogitsWanted.ALL));
            }
            session = stage.open(positions);
        }

        Stage.Work next(int some, LogitsWanted wanted) {
            return new Stage.Work(session, new StageInput.Tokens(Arrays.copyOfRange(ids, done, done + some)), wanted);
        }

        void check(Stage.Work work, StageOutput output) {
            int some = work.input().positions();
            int[][] expected =
                    Arrays.copyOfRange(alone, work.wanted() == LogitsWanted.ALL ? done : done + some - 1, done + some);
            assertThat(logits(output)).isDeepEqualTo(expected);
            done += some;
            assertThat(session.position()).isEqualTo(done);
        }
    }

    @Property(tries = 25, shrinking = ShrinkingMode.OFF)
    void a_session_has_the_bytes_it_has_alone_whoever_shares_its_steps(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 9) int sessions,
            @ForAll @IntRange(min = 1, max = 3) int threads) {
        var random = new Random(seed);
        var model = RandomModel.of(SHAPE, seed);
        try (var cpu = new CpuBackend(threads);
                var stage = cpu.load(model, StageSpec.whole(2))) {
            var talks = new ArrayList<Talk>();
            for (int i = 0; i < sessions; i++) {
                talks.add(new Talk(stage, 1 + random.nextInt(150), seed + i));
            }
            assertThat(stage.cacheBytes()).isZero();
            while (talks.stream().anyMatch(talk -> talk.done < talk.ids.length)) {
                Collections.shuffle(talks, random);
                step(stage, talks, random);
                if (random.nextInt(3) == 0) {
                    talks.get(random.nextInt(sessions)).session.suspend();
                }
            }
            talks.forEach(talk -> talk.session.close());
            assertThat(stage.cacheBytes()).isZero();
        }
    }

    private static void step(Stage stage, List<Talk> talks, Random random) {
        var some = talks.stream()
                .filter(talk -> talk.done < talk.ids.length && random.nextInt(4) > 0)
                .toList();
        var works = some.stream()
                .map(talk -> {
                    int left = talk.ids.length - talk.done;
                    int positions = random.nextBoolean() ? 1 : 1 + random.nextInt(left);
                    return talk.next(positions, LogitsWanted.values()[random.nextInt(2)]);
                })
                .toList();
        var outputs = stage.forward(works);
        assertThat(outputs).hasSize(works.size());
        for (int i = 0; i < works.size(); i++) {
            some.get(i).check(works.get(i), outputs.get(i));
        }
    }

    @Property(tries = 10, shrinking = ShrinkingMode.OFF)
    void a_batch_passes_through_stages(@ForAll long seed, @ForAll @IntRange(min = 0, max = 2) int cut) {
        var random = new Random(seed);
        var model = RandomModel.of(SHAPE, seed);
        try (var cpu = new CpuBackend(2);
                var whole = cpu.load(model, StageSpec.whole(2));
                var first = cpu.load(model, new StageSpec(0, cut, true, false));
                var second = cpu.load(model, new StageSpec(cut, 2, false, true))) {
            var talks = new ArrayList<Talk>();
            var heads = new ArrayList<StageSession>();
            var tails = new ArrayList<StageSession>();
            for (int i = 0; i < 4; i++) {
                talks.add(new Talk(whole, 1 + random.nextInt(70), seed + i));
                heads.add(first.open(70));
                tails.add(second.open(70));
            }
            var into = new ArrayList<Stage.Work>();
            for (int i = 0; i < 4; i++) {
                into.add(new Stage.Work(heads.get(i), new StageInput.Tokens(talks.get(i).ids), LogitsWanted.ALL));
            }
            var boundaries = first.forward(into);
            var outOf = new ArrayList<Stage.Work>();
            for (int i = 0; i < 4; i++) {
                outOf.add(new Stage.Work(tails.get(i), (Boundary) boundaries.get(i), LogitsWanted.ALL));
            }
            var outputs = second.forward(outOf);
            for (int i = 0; i < 4; i++) {
                assertThat(logits(outputs.get(i))).isDeepEqualTo(talks.get(i).alone);
            }
        }
    }

    @Test
    void a_batch_with_a_bad_work_moves_no_session() {
        var model = RandomModel.of(SHAPE, 1);
        try (var cpu = new CpuBackend(1);
                var stage = cpu.load(model, StageSpec.whole(2));
                var another = cpu.load(model, StageSpec.whole(2))) {
            var good = new Talk(stage, 5, 1);
            var stranger = new Talk(another, 5, 2);
            var work = good.next(2, LogitsWanted.LAST);
            var bad = new Stage.Work(stage.open(4), new StageInput.Tokens(3, 61), LogitsWanted.LAST);
            var large = new Stage.Work(stage.open(1), new StageInput.Tokens(3, 4), LogitsWanted.LAST);
            assertThatThrownBy(() -> stage.forward(List.of(work, bad))).hasMessageContaining("found 61");
            assertThatThrownBy(() -> stage.forward(List.of(work, large))).hasMessageContaining("found 2");
            assertThatThrownBy(() -> stage.forward(List.of(work, good.next(2, LogitsWanted.ALL))))
                    .hasMessageContaining("found one twice");
            assertThatThrownBy(() -> stage.forward(List.of(work, stranger.next(1, LogitsWanted.ALL))))
                    .hasMessageContaining("found one of another");
            assertThat(good.session.position()).isZero();
            good.check(work, stage.forward(List.of(work)).getFirst());
        }
    }

    @Test
    void a_session_that_does_not_fit_is_told_the_budget_and_fits_when_another_is_suspended() {
        assertThat(StageLimits.PAGE_POSITIONS).isEqualTo(Layers.ATTENTION_CHUNK);
        var model = RandomModel.of(SHAPE, 2);
        long pageBytes;
        try (var cpu = new CpuBackend(2);
                var stage = cpu.load(model, StageSpec.whole(2))) {
            pageBytes = stage.cachePageBytes();
        }
        try (var cpu = new CpuBackend(2);
                var stage = cpu.load(model, StageSpec.whole(2), new StageLimits(3 * pageBytes + 1))) {
            var one = new Talk(stage, 70, 1);
            var other = new Talk(stage, 40, 2);
            forward(stage, one, 40);
            assertThat(stage.cacheBytes()).isEqualTo(2 * pageBytes);
            assertThatThrownBy(() -> forward(stage, other, 33))
                    .isInstanceOf(CacheFullException.class)
                    .hasMessageContaining((3 * pageBytes + 1) + " bytes")
                    .hasMessageContaining((2 * pageBytes) + " bytes in use and " + (2 * pageBytes) + " more");
            assertThat(other.session.position()).isZero();

            one.session.suspend();
            one.session.suspend();
            assertThat(stage.cacheBytes()).isZero();
            forward(stage, other, 33);
            assertThatThrownBy(() -> forward(stage, one, 1)).isInstanceOf(CacheFullException.class);
            assertThat(stage.cacheBytes()).isEqualTo(2 * pageBytes);

            other.session.rewind(32);
            other.done = 32;
            assertThat(stage.cacheBytes()).isEqualTo(pageBytes);
            forward(stage, one, 20);
            other.session.close();
            one.session.suspend();
            one.session.rewind(33);
            one.done = 33;
            forward(stage, one, 37);
            one.session.close();
            assertThat(stage.cacheBytes()).isZero();
        }
    }

    private static void forward(Stage stage, Talk talk, int positions) {
        var work = talk.next(positions, LogitsWanted.ALL);
        talk.check(work, stage.forward(List.of(work)).getFirst());
    }
}
