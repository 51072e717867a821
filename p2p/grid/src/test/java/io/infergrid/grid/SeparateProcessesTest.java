package io.infergrid.grid;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.libp2p.Multiaddr;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only processes can show: that they need nothing but the wire, and that a kill -9 of one harms no other. */
@Timeout(120)
class SeparateProcessesTest {

    @TempDir
    Path folder;

    @Test
    void a_worker_process_that_is_killed_mid_answer_does_not_change_the_answer() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        var workers = new ArrayList<WorkerProcess>();
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = grid.node(Role.GATEWAY);
            Hash model = gateway.seed(gguf, "");
            Multiaddr bootstrap = grid.bootstrap().getFirst();
            List<BlockRange> cuts = List.of(new BlockRange(0, 2), new BlockRange(2, 3), new BlockRange(3, 4));
            for (BlockRange cut : List.of(cuts.get(0), cuts.get(1), cuts.get(2), cuts.get(1))) {
                workers.add(WorkerProcess.start(folder.resolve("process" + workers.size()), bootstrap, model, cut, 1));
            }
            var ids = new ArrayList<String>();
            for (WorkerProcess worker : workers) {
                ids.add(worker.awaitServing());
            }
            grid.eventually(() -> gateway.snapshot().peers().stream()
                            .filter(peer -> !peer.serves().isEmpty())
                            .count()
                    == 4);
            var request = new GenerationRequest(
                    model, new int[] {3, 1, 4, 1, 5, 9, 2, 6}, 60, new Sampling(0.8f, 0, 1, 7), Set.of());
            var count = new AtomicInteger();
            GenerationResult result = gateway.generate(
                    request,
                    (id, hops) -> {
                        if (count.incrementAndGet() == 20) {
                            workers.get(ids.indexOf(hops.get(1).peerId())).kill();
                        }
                    },
                    () -> false);
            // computed with SIMD in other processes, compared with the naive reference in this one
            assertThat(result.tokens()).isEqualTo(TestGrid.alone(gguf, request));
            assertThat(result.replans()).isEqualTo(1);
        } finally {
            workers.forEach(WorkerProcess::close);
        }
    }

    @Test
    void shards_that_were_whole_before_a_kill_are_whole_after_it() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"), 16_384, false);
        Path store = folder.resolve("store");
        Process writer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        SeparateProcessesTest.class.getName(),
                        gguf.toString(),
                        store.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var whole = new ArrayList<Integer>();
        try (var out = writer.inputReader(StandardCharsets.UTF_8);
                var shards = new GgufShards(gguf, "")) {
            for (String line; whole.size() < 3 && (line = out.readLine()) != null; ) {
                whole.add(Integer.parseInt(line));
            }
            writer.destroyForcibly().waitFor();
            assertThat(whole).hasSize(3);

            Path model = store.resolve(shards.root().hex());
            try (var after = ShardStore.open(model)) {
                for (int shard : whole) {
                    assertThat(after.complete(shard)).isTrue();
                }
                for (int shard = 0; shard < after.manifest().shards().size(); shard++) {
                    for (int p = 0;
                            p < after.manifest().shards().get(shard).pieces().size();
                            p++) {
                        after.put(shard, p, shards.piece(shard, p));
                    }
                }
                Path back = folder.resolve("back.gguf");
                after.assemble(back);
                assertThat(Files.mismatch(gguf, back)).isEqualTo(-1);
            }
        } finally {
            writer.destroyForcibly();
        }
    }

    /** Stores a model, the last piece of each shard first, and says which shards are whole. */
    public static void main(String[] args) throws IOException {
        try (var shards = new GgufShards(Path.of(args[0]), "");
                var store = ShardStore.of(Path.of(args[1]), shards.manifest())) {
            for (int shard = 0; shard < shards.manifest().shards().size(); shard++) {
                for (int p = shards.manifest().shards().get(shard).pieces().size() - 1; p >= 0; p--) {
                    if (store.put(shard, p, shards.piece(shard, p))) {
                        System.out.println(shard);
                    }
                }
            }
        }
    }
}
