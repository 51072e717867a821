package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.compute.vulkan.DeviceLoss;
import io.infergrid.compute.vulkan.VulkanBackend;
import io.infergrid.compute.vulkan.VulkanException;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole grids: nodes over TCP on the loopback interface. */
@Timeout(60)
class GridTest {

    private static final Sampling SEEDED = new Sampling(0.9f, 40, 0.95f, 42);
    private static final TokenListener DEAF = (id, hops) -> {};

    @TempDir
    Path folder;

    private static GenerationRequest request(Hash model, int promptTokens, int maxTokens, Sampling sampling) {
        int[] prompt = IntStream.range(0, promptTokens)
                .map(i -> (i * 7 + 3) % TinyLlama.VOCABULARY)
                .toArray();
        return new GenerationRequest(model, prompt, maxTokens, sampling, Set.of());
    }

    private static BlockRange[] cut(int stages) {
        return Placement.cut(TinyLlama.BLOCKS, stages).toArray(BlockRange[]::new);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4})
    void any_number_of_stages_gives_the_tokens_of_one_process(int stages) throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            grid.workers(gateway, model, cut(stages));
            for (Sampling sampling : List.of(Sampling.GREEDY, SEEDED)) {
                // the prompt is longer than a chunk
                var request = request(model, 70, 40, sampling);
                var heard = new ArrayList<Integer>();
                var hops = new ArrayList<Integer>();
                GenerationResult result = gateway.generate(
                        request,
                        (id, times) -> {
                            heard.add(id);
                            hops.add(times.size());
                        },
                        () -> false);

                assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
                assertThat(heard)
                        .isEqualTo(IntStream.of(result.tokens()).boxed().toList());
                assertThat(hops).containsOnly(stages);
                assertThat(result.reason()).isEqualTo("length");
                assertThat(result.stages()).hasSize(stages).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void answers_at_the_same_time_do_not_disturb_each_other() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            grid.workers(gateway, model, cut(3));
            var answers = new ConcurrentHashMap<Integer, int[]>();
            var threads = new ArrayList<Thread>();
            for (int i = 0; i < 5; i++) {
                var request = request(model, 10 + i, 30, new Sampling(1, 0, 1, i));
                int job = i;
                threads.add(Thread.ofVirtual().start(() -> {
                    try {
                        answers.put(
                                job,
                                gateway.generate(request, DEAF, () -> false).tokens());
                    } catch (GridException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (int i = 0; i < 5; i++) {
                var request = request(model, 10 + i, 30, new Sampling(1, 0, 1, i));
                assertThat(answers.get(i)).isEqualTo(TestGrid.alone(gguf, request));
            }
        }
    }

    @Test
    void a_worker_whose_graphics_card_is_lost_goes_on_with_the_answer() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var vulkan = vulkan();
                var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            BlockRange[] halves = cut(2);
            grid.workers(gateway, model, halves[0]);
            GridNode worker = grid.node(Role.WORKER, vulkan, UnaryOperator.identity());
            worker.serve(model, halves[1], LIMIT);
            assertThat(gateway.awaitPipeline(model, LIMIT)).isTrue();
            var request = request(model, 40, 30, SEEDED);
            var tokens = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (tokens.incrementAndGet() == 10) {
                            DeviceLoss.atNextSubmission(vulkan);
                        }
                    },
                    () -> false);
            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(result.replans()).isZero();
        }
    }

    private static VulkanBackend vulkan() {
        try {
            return VulkanBackend.open();
        } catch (VulkanException e) {
            Assumptions.assumeTrue(false, "needs a Vulkan device: " + e.getMessage());
            throw e;
        }
    }

    @Test
    void a_peer_with_other_arithmetic_is_not_asked() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY, TestGrid.reference(), c -> c.withConformance("IG1", "aa"));
            Hash model = gateway.seed(gguf, "");
            GridNode other = grid.node(Role.WORKER, TestGrid.reference(), c -> c.withConformance("IG1", "bb"));
            other.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
            grid.eventually(() -> gateway.snapshot().peers().stream()
                    .anyMatch(peer -> !peer.serves().isEmpty()));
            assertThat(gateway.snapshot().pipeline()).isEmpty();
            assertThatThrownBy(() -> gateway.generate(request(model, 3, 3, SEEDED), DEAF, () -> false))
                    .isInstanceOf(GridException.NoRoute.class);
        }
    }

    @Test
    void a_node_that_is_gateway_and_worker_at_once_answers_itself() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode node = grid.node(Role.GATEWAY);
            Hash model = node.seed(gguf, "");
            node.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
            var request = request(model, 5, 20, Sampling.GREEDY);
            assertThat(node.generate(request, DEAF, () -> false).tokens()).isEqualTo(TestGrid.alone(gguf, request));
        }
    }

    @Test
    void a_tied_model_runs_with_the_embedding_shard_at_both_ends() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tied.gguf"), TinyLlama.VOCABULARY, true);
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            grid.workers(gateway, model, cut(2));
            var request = request(model, 5, 20, SEEDED);
            assertThat(gateway.generate(request, DEAF, () -> false).tokens()).isEqualTo(TestGrid.alone(gguf, request));
        }
    }

    @Test
    void windows_of_32_tokens_are_recorded_with_the_hash_of_their_tokens() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = grid.workers(gateway, model, cut(3));
            var request = request(model, 40, 30, Sampling.GREEDY);
            GenerationResult result = gateway.generate(request, DEAF, () -> false);

            TestGrid.Events events = grid.events(gateway);
            assertThat(events.windows)
                    .extracting(GridListener.Window::firstPosition)
                    .containsExactly(0, 32, 64);
            assertThat(events.windows)
                    .extracting(GridListener.Window::positions)
                    .containsExactly(32, 32, 6);
            int[] all = IntStream.concat(IntStream.of(request.prompt()), IntStream.of(result.tokens()))
                    .toArray();
            assertThat(events.windows)
                    .extracting(GridListener.Window::tokensSha256)
                    .containsExactly(sha256(all, 0, 32), sha256(all, 32, 64), sha256(all, 64, 70));
            assertThat(result.transcriptSha256()).isEqualTo(sha256(all, 0, 70));
            assertThat(events.started).singleElement().satisfies(job -> {
                assertThat(job.id()).isEqualTo(result.jobId());
                assertThat(job.stages()).isEqualTo(result.stages());
            });
            assertThat(events.finished)
                    .singleElement()
                    .satisfies(end -> assertThat(end.completionTokens()).isEqualTo(30));
            // each worker has the job too, under the same id
            for (GridNode worker : workers) {
                grid.eventually(() -> grid.events(worker).finished.size() == 1);
                assertThat(grid.events(worker).started)
                        .singleElement()
                        .satisfies(job -> assertThat(job.id()).isEqualTo(result.jobId()));
                assertThat(grid.events(worker).finished.getFirst().completionTokens())
                        .isEqualTo(69);
            }
        }
    }

    private static String sha256(int[] tokens, int from, int end) {
        var bytes = ByteBuffer.allocate(4 * (end - from)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = from; i < end; i++) {
            bytes.putInt(tokens[i]);
        }
        return Hash.of(Hash.sha256().digest(bytes.array())).hex();
    }

    @Test
    void a_stage_lost_in_the_middle_of_an_answer_does_not_change_the_answer() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            BlockRange[] cuts = cut(3);
            List<GridNode> workers = grid.workers(gateway, model, cuts[0], cuts[1], cuts[2], cuts[1]);
            var request = request(model, 20, 60, SEEDED);
            var count = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (count.incrementAndGet() == 10) {
                            // whichever of the two answers
                            workers.stream()
                                    .filter(worker ->
                                            worker.peerId().equals(hops.get(1).peerId()))
                                    .forEach(GridNode::close);
                        }
                    },
                    () -> false);

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(count.get()).isEqualTo(60);
            assertThat(result.replans()).isEqualTo(1);
            assertThat(grid.events(gateway).moves).singleElement().asString().contains("stage 1 (blocks 2");
        }
    }

    @Test
    void a_stage_lost_without_a_second_holder_is_a_clear_error() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway =
                    grid.node(Role.GATEWAY, TestGrid.reference(), c -> c.withStepLimit(Duration.ofMillis(700)));
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = grid.workers(gateway, model, cut(3));
            assertThatThrownBy(() -> gateway.generate(
                            request(model, 5, 60, Sampling.GREEDY),
                            (id, hops) -> workers.get(1).close(),
                            () -> false))
                    .isInstanceOf(GridException.NoRoute.class)
                    .hasMessageContaining("expected stages for all 4 blocks of tiny, found nobody for blocks 2");
            assertThat(grid.events(gateway).failed)
                    .singleElement()
                    .satisfies(end -> assertThat(end.error()).contains("nobody for blocks 2"));
        }
    }

    @Test
    void a_stage_that_falls_silent_is_given_up_for_another() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder);
                var stuck = new StuckBackend(TestGrid.reference(), 12)) {
            GridNode gateway =
                    grid.node(Role.GATEWAY, TestGrid.reference(), c -> c.withStepLimit(Duration.ofSeconds(2)));
            Hash model = gateway.seed(gguf, "");
            GridNode sticks = grid.node(Role.WORKER, stuck, c -> c);
            sticks.serve(model, new BlockRange(2, 3), LIMIT);
            BlockRange[] cuts = cut(3);
            grid.workers(gateway, model, cuts[0], cuts[2]);
            assertThat(gateway.awaitPipeline(model, LIMIT)).isTrue();
            var request = request(model, 5, 40, Sampling.GREEDY);
            var late = new ArrayList<GridNode>();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (late.isEmpty()) {
                            late.add(serving(grid, model, cuts[1]));
                        }
                    },
                    () -> false);
            stuck.release();
            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(result.stages()).contains(late.getFirst().peerId()).doesNotContain(sticks.peerId());
            assertThat(grid.events(gateway).moves).asString().contains("is stuck at position");
        }
    }

    private static GridNode serving(TestGrid grid, Hash model, BlockRange blocks) {
        try {
            GridNode node = grid.node(Role.WORKER);
            node.serve(model, blocks, LIMIT);
            return node;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void stop_tokens_and_cancelling_end_an_answer_early() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            List<GridNode> workers = grid.workers(gateway, model, cut(3));
            int[] all = TestGrid.alone(gguf, request(model, 5, 40, SEEDED));
            int stop = all[7];
            int before = IntStream.range(0, 40)
                    .filter(i -> all[i] == stop)
                    .findFirst()
                    .orElseThrow();
            var stopping =
                    new GenerationRequest(model, request(model, 5, 1, SEEDED).prompt(), 40, SEEDED, Set.of(stop));
            GenerationResult stopped = gateway.generate(stopping, DEAF, () -> false);
            assertThat(stopped.reason()).isEqualTo("stop");
            assertThat(stopped.tokens()).isEqualTo(Arrays.copyOf(all, before));

            var count = new AtomicInteger();
            GenerationResult cancelled = gateway.generate(
                    request(model, 5, 200, SEEDED), (id, hops) -> count.incrementAndGet(), () -> count.get() >= 3);
            assertThat(cancelled.reason()).isEqualTo("cancelled");
            assertThat(cancelled.tokens()).isEqualTo(Arrays.copyOf(all, 3));
            for (GridNode worker : workers) {
                grid.eventually(() -> worker.snapshot().sessions() == 0);
            }
        }
    }

    @Test
    void requests_that_do_not_fit_the_model_are_refused() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            assertThatThrownBy(() ->
                            gateway.generate(request(model, TinyLlama.CONTEXT, 1, Sampling.GREEDY), DEAF, () -> false))
                    .isInstanceOf(GridException.BadRequest.class)
                    .hasMessageContaining("fewer than 256 tokens, found 256");
            var foreign = new GenerationRequest(model, new int[] {TinyLlama.VOCABULARY}, 1, Sampling.GREEDY, Set.of());
            assertThatThrownBy(() -> gateway.generate(foreign, DEAF, () -> false))
                    .isInstanceOf(GridException.BadRequest.class)
                    .hasMessageContaining("tokens below 96, found 96");
            assertThatThrownBy(() -> gateway.generate(request(model, 3, 1, Sampling.GREEDY), DEAF, () -> false))
                    .isInstanceOf(GridException.NoRoute.class)
                    .hasMessageContaining("nobody for blocks 0-3");
        }
    }

    @Test
    void every_node_finds_every_other_through_one_bootstrap_node() throws Exception {
        try (var grid = new TestGrid(folder)) {
            var nodes = new ArrayList<GridNode>();
            for (int i = 0; i < 6; i++) {
                nodes.add(grid.node(Role.WORKER));
            }
            for (GridNode node : nodes) {
                grid.eventually(() -> node.snapshot().peers().stream()
                                .filter(GridSnapshot.Peer::connected)
                                .count()
                        == 6);
            }
            GridNode gone = nodes.removeLast();
            gone.close();
            for (GridNode node : nodes) {
                grid.eventually(() -> node.snapshot().peers().size() == 5);
            }
        }
    }

    @Test
    void workers_that_choose_for_themselves_cover_the_model() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            for (int i = 0; i < 4; i++) {
                GridNode worker = grid.node(Role.WORKER);
                int others = i;
                grid.eventually(() -> worker.snapshot().peers().stream()
                                .filter(peer -> !peer.serves().isEmpty())
                                .count()
                        == others);
                worker.serveWhereNeeded(model, 4, LIMIT);
            }
            assertThat(gateway.awaitPipeline(model, LIMIT)).isTrue();
            assertThat(gateway.snapshot().pipeline()).hasSize(4).allMatch(GridSnapshot.PipelineStage::alive);
        }
    }

    @Test
    void sessions_beyond_the_limits_are_refused_and_the_next_holder_is_taken() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            var whole = new BlockRange(0, TinyLlama.BLOCKS);
            // too little memory for any session
            GridNode small =
                    grid.node(Role.WORKER, TestGrid.reference(), c -> c.withLimits(4, 1000, Duration.ofMinutes(1)));
            small.serve(model, whole, LIMIT);
            assertThat(gateway.awaitPipeline(model, LIMIT)).isTrue();
            assertThatThrownBy(() -> gateway.generate(request(model, 5, 9, Sampling.GREEDY), DEAF, () -> false))
                    .isInstanceOf(GridException.NoRoute.class)
                    .hasMessageContaining("expected a session within the 1000 bytes of keys and values");
            assertThat(small.metrics().value("stage.sessions.refused")).isEqualTo(1);

            grid.workers(gateway, model, whole);
            grid.eventually(() -> gateway.snapshot().peers().stream()
                            .filter(peer -> !peer.serves().isEmpty())
                            .count()
                    == 2);
            var request = request(model, 5, 9, Sampling.GREEDY);
            assertThat(gateway.generate(request, DEAF, () -> false).tokens()).isEqualTo(TestGrid.alone(gguf, request));
        }
    }

    @Test
    void a_drained_worker_finishes_what_it_has_and_takes_no_more() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            GridNode worker = grid.workers(gateway, model, new BlockRange(0, TinyLlama.BLOCKS))
                    .getFirst();
            var request = request(model, 5, 30, Sampling.GREEDY);
            GenerationResult result = gateway.generate(request, (id, hops) -> worker.drain(), () -> false);
            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            grid.eventually(() -> gateway.snapshot().pipeline().isEmpty());
            worker.serve(model, new BlockRange(0, TinyLlama.BLOCKS), LIMIT);
            grid.eventually(() -> !gateway.snapshot().pipeline().isEmpty());
            worker.stopServing();
            assertThat(worker.snapshot().peers().getFirst().serves()).isEmpty();
        }
    }
}
