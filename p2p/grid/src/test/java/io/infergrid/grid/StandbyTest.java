package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Standbys that were sent the same as the stages that they stand by for. */
@Timeout(120)
class StandbyTest {

    private static final Sampling SEEDED = new Sampling(0.9f, 40, 0.95f, 42);
    private static final int STAGES = 3;

    @TempDir
    Path folder;

    private Path gguf() throws Exception {
        return TinyLlama.write(folder.resolve("tiny.gguf"));
    }

    private static GenerationRequest request(Hash model, int promptTokens, int maxTokens) {
        int[] prompt = IntStream.range(0, promptTokens)
                .map(i -> (i * 7 + 3) % TinyLlama.VOCABULARY)
                .toArray();
        return new GenerationRequest(model, prompt, maxTokens, SEEDED, Set.of());
    }

    /** Two workers a stage. */
    private static List<GridNode> pairs(TestGrid grid, GridNode gateway, Hash model) throws Exception {
        var cuts = new ArrayList<BlockRange>();
        for (int i = 0; i < 2; i++) {
            cuts.addAll(Placement.cut(TinyLlama.BLOCKS, STAGES));
        }
        List<GridNode> workers = grid.workers(gateway, model, cuts.toArray(BlockRange[]::new));
        grid.eventually(() -> gateway.snapshot().peers().stream()
                        .filter(peer -> !peer.serves().isEmpty())
                        .count()
                == 2 * STAGES);
        return workers;
    }

    private static GridNode find(List<GridNode> nodes, String peerId) {
        return nodes.stream()
                .filter(node -> node.peerId().equals(peerId))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void a_standby_takes_over_in_the_middle_of_an_answer_without_a_new_pipeline(int stage) throws Exception {
        Path gguf = gguf();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = pairs(grid, gateway, model);
            var request = request(model, 70, 90);
            var count = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (count.incrementAndGet() == 40) {
                            find(workers, hops.get(stage).peerId()).close();
                        }
                    },
                    () -> false);

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(count.get()).isEqualTo(90);
            assertThat(gateway.metrics().value("gateway.standbys.swapped")).isEqualTo(1);
            assertThat(result.replans()).isEqualTo(1);
            assertThat(grid.events(gateway).moves).singleElement().asString().contains("stage " + stage + " (blocks");
            assertThat(workers.stream().mapToLong(w -> w.metrics().value("stage.takeovers")))
                    .containsOnlyOnce(1L);
        }
    }

    @Test
    void every_stage_may_be_lost_once_and_the_answer_stays_the_same() throws Exception {
        Path gguf = gguf();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = pairs(grid, gateway, model);
            var request = request(model, 5, 100);
            var count = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        int n = count.incrementAndGet();
                        if (n % 25 == 0 && n / 25 <= STAGES) {
                            find(workers, hops.get(n / 25 - 1).peerId()).close();
                        }
                    },
                    () -> false);

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(gateway.metrics().value("gateway.standbys.swapped")).isEqualTo(STAGES);
            assertThat(new HashSet<>(result.stages())).hasSize(STAGES);
        }
    }

    @Test
    void a_standby_keeps_up_by_whole_windows() throws Exception {
        Path gguf = gguf();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = pairs(grid, gateway, model);
            var request = request(model, 70, 100);
            var behind = new ArrayList<Long>();
            gateway.generate(
                    request,
                    (id, hops) -> behind.add(workers.stream()
                            .mapToLong(w -> w.metrics().value("stage.positions.standby"))
                            .sum()),
                    () -> false);

            // 70 + 100 positions: five windows of 32 are settled before the last token
            assertThat(behind.getLast()).isGreaterThanOrEqualTo(STAGES * 128L);
            long batches = workers.stream()
                    .mapToLong(w -> w.metrics().value("stage.batches"))
                    .sum();
            // the stages took about 100 steps each, the standbys one a window
            assertThat(batches).isLessThan(STAGES * 130L);
        }
    }

    @Test
    void when_stage_and_standby_are_both_lost_the_journal_is_replayed_to_a_new_pair() throws Exception {
        Path gguf = gguf();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = pairs(grid, gateway, model);
            BlockRange middle = Placement.cut(TinyLlama.BLOCKS, STAGES).get(1);
            GridNode third = grid.node(Role.WORKER);
            third.serve(model, middle, LIMIT);
            grid.eventually(() -> gateway.snapshot().peers().stream()
                            .filter(peer -> !peer.serves().isEmpty())
                            .count()
                    == 2 * STAGES + 1);
            List<GridNode> middles = new ArrayList<>(List.of(workers.get(1), workers.get(1 + STAGES), third));
            var request = request(model, 20, 80);
            var count = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (count.incrementAndGet() == 30) {
                            // the stage that answers, and whoever stands by for it
                            middles.stream()
                                    .filter(node -> node.snapshot().sessions() > 0)
                                    .forEach(GridNode::close);
                        }
                    },
                    () -> false);

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(result.replans()).isPositive();
        }
    }

    @Test
    void a_stage_that_hangs_is_replaced_by_its_standby_long_before_the_step_limit() throws Exception {
        Path gguf = gguf();
        try (var grid = new TestGrid(folder);
                var stuck = new StuckBackend(TestGrid.reference(), 40)) {
            GridNode gateway = grid.node(
                    Role.GATEWAY,
                    TestGrid.reference(),
                    c -> c.withStepLimit(Duration.ofSeconds(60)).withHedge(Duration.ofSeconds(1)));
            Hash model = gateway.seed(gguf, "");
            List<BlockRange> cuts = Placement.cut(TinyLlama.BLOCKS, STAGES);
            GridNode sticks = grid.node(Role.WORKER, stuck, c -> c);
            sticks.serve(model, cuts.get(1), LIMIT);
            grid.workers(gateway, model, cuts.get(0), cuts.get(2));
            assertThat(gateway.awaitPipeline(model, LIMIT)).isTrue();
            // the one that hangs must be the stage and not the standby: the other is slower by what was measured
            var request = request(model, 5, 100);
            GridNode second = grid.node(Role.WORKER);
            second.serve(model, cuts.get(1), LIMIT);
            grid.eventually(() -> gateway.snapshot().peers().stream()
                            .filter(peer -> !peer.serves().isEmpty())
                            .count()
                    == STAGES + 1);
            GenerationResult result = gateway.generate(request, (id, hops) -> {}, () -> false);
            stuck.release();

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(result.time()).isLessThan(Duration.ofSeconds(50));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whoever_is_killed_whenever_the_transcript_is_the_same(long seed) throws Exception {
        var random = new Random(seed);
        Path gguf = gguf();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = pairs(grid, gateway, model);
            var request = request(model, 1 + random.nextInt(100), 60);
            int victim = random.nextInt(workers.size());
            int kill = random.nextInt(60);
            int pauseMicros = random.nextInt(3000);
            var count = new AtomicInteger();
            Thread[] killer = new Thread[1];
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (count.getAndIncrement() == kill) {
                            // anywhere between two tokens, beside the answer
                            killer[0] = Thread.ofPlatform().start(() -> {
                                long until = System.nanoTime() + pauseMicros * 1000L;
                                while (System.nanoTime() < until) {
                                    Thread.onSpinWait();
                                }
                                workers.get(victim).close();
                            });
                        }
                    },
                    () -> false);
            killer[0].join();

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
        }
    }
}
