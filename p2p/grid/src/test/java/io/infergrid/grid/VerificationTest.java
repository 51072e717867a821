package io.infergrid.grid;

import static io.infergrid.grid.TestGrid.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorSource;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import io.infergrid.grid.verification.WindowAudit.Outcome;
import io.infergrid.grid.verification.WindowAudit.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Windows that stage and standby both computed, honest and not. */
@Timeout(120)
class VerificationTest {

    private static final List<BlockRange> CUTS = Placement.cut(TinyLlama.BLOCKS, 2);

    @TempDir
    Path folder;

    /** Computes right, and then changes what comes out. */
    private record Cheat(Backend honest, UnaryOperator<StageOutput> change) implements Backend {
        @Override
        public String name() {
            return honest.name();
        }

        @Override
        public String device() {
            return honest.device();
        }

        @Override
        public Stage load(TensorSource model, StageSpec spec) {
            Stage stage = honest.load(model, spec);
            return new Stage() {
                @Override
                public ModelConfig config() {
                    return stage.config();
                }

                @Override
                public StageSpec spec() {
                    return spec;
                }

                @Override
                public long weightBytes() {
                    return stage.weightBytes();
                }

                @Override
                public StageSession open(int maxPositions) {
                    StageSession session = stage.open(maxPositions);
                    return new StageSession() {
                        @Override
                        public int position() {
                            return session.position();
                        }

                        @Override
                        public void rewind(int position) {
                            session.rewind(position);
                        }

                        @Override
                        public StageOutput forward(StageInput input, LogitsWanted wanted) {
                            return change.apply(session.forward(input, wanted));
                        }

                        @Override
                        public void close() {
                            session.close();
                        }
                    };
                }

                @Override
                public void close() {
                    stage.close();
                }
            };
        }

        @Override
        public void close() {}
    }

    private static StageOutput oneBit(StageOutput output) {
        if (output instanceof Boundary(int positions, int dimension, byte[] wire)) {
            byte[] changed = wire.clone();
            changed[0] ^= 1;
            return new Boundary(positions, dimension, changed);
        }
        return output;
    }

    private static StageOutput anotherToken(StageOutput output) {
        if (output instanceof StageOutput.Logits(float[][] values)) {
            for (float[] logits : values) {
                logits[7] += 1000;
            }
        }
        return output;
    }

    private static GenerationRequest request(Hash model) {
        int[] prompt = IntStream.range(0, 40)
                .map(i -> (i * 7 + 3) % TinyLlama.VOCABULARY)
                .toArray();
        return new GenerationRequest(model, prompt, 100, new Sampling(0.9f, 0, 1, 7), Set.of());
    }

    private static void eventuallyServing(TestGrid grid, GridNode gateway, int workers) throws Exception {
        grid.eventually(() -> gateway.snapshot().peers().stream()
                        .filter(peer -> !peer.serves().isEmpty())
                        .count()
                == workers);
    }

    @Test
    void honest_stages_and_standbys_agree_on_every_window() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            grid.workers(gateway, model, CUTS.get(0), CUTS.get(1), CUTS.get(0), CUTS.get(1));
            eventuallyServing(grid, gateway, 4);
            GenerationResult result = gateway.generate(request(model), (id, hops) -> {}, () -> false);

            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request(model)));
            List<Verdict> verdicts = grid.events(gateway).verdicts;
            assertThat(verdicts).allMatch(verdict -> verdict.outcome() == Outcome.AGREED);
            // 40 + 100 positions make four whole windows; the last may be under way when the answer ends
            assertThat(verdicts.stream().filter(v -> v.window() < 3)).hasSize(6);
            assertThat(result.replans()).isZero();
        }
    }

    @Test
    void one_bit_of_one_activation_is_found_and_the_answer_goes_on_without_both() throws Exception {
        caught(VerificationTest::oneBit, 0);
    }

    @Test
    void altered_tokens_are_found() throws Exception {
        caught(VerificationTest::anotherToken, 1);
    }

    /** A cheat, and an honest standby: both are left, since it is not clear who is wrong, and a third takes their place. */
    private void caught(UnaryOperator<StageOutput> change, int stage) throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            GridNode cheat = grid.node(Role.WORKER, new Cheat(TestGrid.reference(), change), c -> c);
            cheat.serve(model, CUTS.get(stage), LIMIT);
            grid.workers(gateway, model, CUTS.get(1 - stage));
            eventuallyServing(grid, gateway, 2);
            // measured and so preferred to the others, who are not
            gateway.generate(request(model), (id, hops) -> {}, () -> false);
            grid.eventually(() -> gateway.snapshot().peers().stream()
                    .filter(peer -> peer.peerId().equals(cheat.peerId()))
                    .anyMatch(peer -> !peer.serves().getFirst().stepTime().isZero()));
            grid.workers(gateway, model, CUTS.get(stage), CUTS.get(stage));
            eventuallyServing(grid, gateway, 4);
            GenerationResult result = gateway.generate(request(model), (id, hops) -> {}, () -> false);

            assertThat(grid.events(gateway).verdicts.stream().filter(verdict -> verdict.outcome() != Outcome.AGREED))
                    .singleElement()
                    .satisfies(verdict -> {
                        assertThat(verdict.outcome()).isEqualTo(Outcome.OUTPUT_DIFFERS);
                        assertThat(verdict.stage()).isEqualTo(stage);
                        // nothing is drawn in the first window, which is all prompt
                        assertThat(verdict.window()).isEqualTo(stage);
                        assertThat(verdict.evidence())
                                .extracting(signed -> signed.claim().peer().toString())
                                .hasSize(2)
                                .contains(cheat.peerId());
                    });
            assertThat(result.stages()).doesNotContain(cheat.peerId());
            assertThat(result.tokens()).hasSize(100);
        }
    }

    @Test
    void a_dispute_of_the_only_two_is_recorded_and_the_answer_goes_on() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            GridNode cheat = grid.node(Role.WORKER, new Cheat(TestGrid.reference(), VerificationTest::oneBit), c -> c);
            cheat.serve(model, CUTS.getFirst(), LIMIT);
            grid.workers(gateway, model, CUTS.get(0), CUTS.get(1));
            eventuallyServing(grid, gateway, 3);
            GenerationResult result = gateway.generate(request(model), (id, hops) -> {}, () -> false);

            assertThat(result.reason()).isEqualTo("length");
            assertThat(result.replans()).isZero();
            assertThat(grid.events(gateway).verdicts)
                    .extracting(Verdict::outcome)
                    .containsOnlyOnce(Outcome.OUTPUT_DIFFERS);
        }
    }
}
