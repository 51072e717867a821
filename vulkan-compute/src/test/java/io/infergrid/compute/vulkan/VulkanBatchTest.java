package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.conformance.SeededRandom;
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
import java.util.List;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several sessions in one step: none of them may notice. */
class VulkanBatchTest {

    private static final SeededModel MODEL = SeededModel.of(SeededModel.Shape.tiny(TensorType.Q8_0), 31);
    private static final SeededModel WINDOWED = SeededModel.of(
            new SeededModel.Shape("qwen3", 128, 2, 4, 2, 64, 352, 512, 256, TensorType.Q4_0, true, 45, "yarn"), 32);
    private static final StageSpec WHOLE = StageSpec.whole(2);
    private static final int MOST_POSITIONS = 150;

    private static final List<Tuning> TUNINGS = List.of(
            Tuning.of(DeviceKind.CPU),
            new Tuning(1, 1 << 16, 8, false, 8, 1, false, MatrixTiles.NONE),
            new Tuning(4, 1 << 16, 4, false, 3, 1, false, MatrixTiles.NONE));

    private static @Nullable VulkanFixture vulkan;

    @BeforeAll
    @BeforeContainer
    static void open() {
        vulkan = VulkanFixture.open();
    }

    @AfterAll
    @AfterContainer
    static void close() {
        if (vulkan != null) {
            vulkan.close();
        }
    }

    /** A session of a batch, its tokens so far, and what it has said. */
    private record Conversation(StageSession session, List<Integer> tokens, List<String> said) {

        Stage.Work next(SeededRandom random) {
            int most = Math.min(40, MOST_POSITIONS - session.position());
            var next = new int[random.nextInt(3) == 0 ? 1 + random.nextInt(most) : 1];
            for (int i = 0; i < next.length; i++) {
                next[i] = random.nextInt(512);
                tokens.add(next[i]);
            }
            return new Stage.Work(session, new StageInput.Tokens(next), LogitsWanted.ALL);
        }

        void rewind(int position) {
            session.rewind(position);
            tokens.subList(position, tokens.size()).clear();
            said.subList(position, said.size()).clear();
        }
    }

    @Property(tries = 16, shrinking = ShrinkingMode.OFF)
    void a_batch_gives_every_session_the_bytes_that_it_has_alone(
            @ForAll long seed,
            @ForAll boolean windowed,
            @ForAll @IntRange(min = 1, max = 6) int sessions,
            @ForAll @IntRange(max = 2) int tuning) {
        var random = new SeededRandom(seed);
        var backend = Objects.requireNonNull(vulkan).backend().withTuning(TUNINGS.get(tuning));
        try (var stage = backend.load(windowed ? WINDOWED : MODEL, WHOLE)) {
            var conversations = new ArrayList<Conversation>();
            for (int i = 0; i < sessions; i++) {
                conversations.add(new Conversation(stage.open(MOST_POSITIONS), new ArrayList<>(), new ArrayList<>()));
            }
            for (int round = 0; round < 8; round++) {
                var drawn = conversations.stream()
                        .filter(c -> random.nextInt(4) > 0 && c.session().position() < MOST_POSITIONS)
                        .toList();
                var outputs =
                        stage.forward(drawn.stream().map(c -> c.next(random)).toList());
                for (int i = 0; i < drawn.size(); i++) {
                    drawn.get(i).said().addAll(words(outputs.get(i)));
                }
                for (Conversation c : conversations) {
                    switch (random.nextInt(6)) {
                        case 0 -> c.session().suspend();
                        case 1 -> c.rewind(random.nextInt(c.session().position() + 1));
                        default -> {}
                    }
                }
            }
            for (Conversation c : conversations) {
                c.session().close();
                assertThat(c.said()).isEqualTo(alone(stage, c.tokens()));
            }
            assertThat(stage.cacheBytes()).isZero();
        }
    }

    private static List<String> alone(Stage stage, List<Integer> tokens) {
        if (tokens.isEmpty()) {
            return List.of();
        }
        try (var session = stage.open(MOST_POSITIONS)) {
            int[] all = tokens.stream().mapToInt(Integer::intValue).toArray();
            return words(session.forward(new StageInput.Tokens(all), LogitsWanted.ALL));
        }
    }

    private static List<String> words(StageOutput output) {
        return Arrays.stream(((StageOutput.Logits) output).values())
                .map(Arrays::toString)
                .toList();
    }

    @Test
    void boundaries_and_last_logits_of_a_batch_go_to_their_sessions() {
        try (var first = backend().load(MODEL, new StageSpec(0, 1, true, false));
                var second = backend().load(MODEL, new StageSpec(1, 2, false, true));
                var a = first.open(8);
                var b = first.open(40);
                var a2 = second.open(8);
                var b2 = second.open(40);
                var whole = backend().load(MODEL, WHOLE);
                var c = whole.open(40)) {
            var tokens = new StageInput.Tokens(1, 2, 3);
            var others = new StageInput.Tokens(new int[37]);
            var boundaries = first.forward(List.of(
                    new Stage.Work(a, tokens, LogitsWanted.LAST), new Stage.Work(b, others, LogitsWanted.LAST)));
            var logits = second.forward(List.of(
                    new Stage.Work(b2, (Boundary) boundaries.get(1), LogitsWanted.LAST),
                    new Stage.Work(a2, (Boundary) boundaries.get(0), LogitsWanted.ALL)));
            assertThat(words(logits.get(0))).hasSize(1);
            assertThat(words(logits.get(1))).isEqualTo(words(c.forward(tokens, LogitsWanted.ALL)));
            c.rewind(0);
            assertThat(words(logits.get(0))).isEqualTo(words(c.forward(others, LogitsWanted.LAST)));
        }
    }

    @Test
    void a_full_cache_is_refused_until_another_session_is_suspended() {
        long pageBytes;
        try (var stage = backend().load(MODEL, WHOLE)) {
            pageBytes = stage.cachePageBytes();
        }
        try (var stage = backend().load(MODEL, WHOLE, new StageLimits(3 * pageBytes));
                var a = stage.open(96);
                var b = stage.open(96)) {
            var first = new StageInput.Tokens(new int[60]);
            var second = new StageInput.Tokens(5, 6, 7);
            a.forward(first, LogitsWanted.LAST);
            b.forward(second, LogitsWanted.LAST);
            assertThat(stage.cacheBytes()).isEqualTo(3 * pageBytes);
            assertThatThrownBy(() -> b.forward(new StageInput.Tokens(new int[30]), LogitsWanted.LAST))
                    .isInstanceOf(CacheFullException.class)
                    .hasMessageContaining("found " + 3 * pageBytes + " bytes in use and " + pageBytes + " more needed");
            assertThat(b.position()).isEqualTo(3);
            a.suspend();
            assertThat(stage.cacheBytes()).isEqualTo(pageBytes);
            b.forward(new StageInput.Tokens(new int[30]), LogitsWanted.LAST);
            b.suspend();
            var resumed = words(a.forward(second, LogitsWanted.ALL));
            a.rewind(0);
            a.forward(first, LogitsWanted.LAST);
            assertThat(resumed).isEqualTo(words(a.forward(second, LogitsWanted.ALL)));
        }
    }

    @Test
    void a_session_of_another_stage_and_one_that_comes_twice_are_refused() {
        try (var stage = backend().load(MODEL, WHOLE);
                var other = backend().load(MODEL, WHOLE);
                var session = stage.open(8);
                var stranger = other.open(8)) {
            var work = new Stage.Work(session, new StageInput.Tokens(1), LogitsWanted.LAST);
            assertThatThrownBy(() -> stage.forward(List.of(work, work)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("found one twice");
            assertThatThrownBy(() -> other.forward(List.of(work)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sessions of this stage");
            assertThat(session.position()).isZero();
            assertThat(stranger.position()).isZero();
        }
    }

    private static VulkanBackend backend() {
        return Objects.requireNonNull(vulkan).backend();
    }
}
