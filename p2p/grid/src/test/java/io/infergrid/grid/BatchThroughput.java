package io.infergrid.grid;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import io.infergrid.libp2p.HostBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Measures how many tokens a second a pipeline of local worker processes gives to 1, 2, 4, 8 and 16 conversations at once. Prints one line
 * of JSON a count: tokens a second over all of them, from the last one's first token to the first one's end, the median of the rounds with
 * their least and most. Arguments: GGUF file, stages, compute threads a worker, prompt tokens, generated tokens, rounds.
 */
public final class BatchThroughput {

    private BatchThroughput() {}

    /** @param spans for each conversation the nano times of its tokens */
    private static double tokensPerSecond(List<long[]> spans) {
        long from = spans.stream().mapToLong(times -> times[0]).max().orElseThrow();
        long to =
                spans.stream().mapToLong(times -> times[times.length - 1]).min().orElseThrow();
        long tokens = spans.stream()
                .mapToLong(times ->
                        Arrays.stream(times).filter(t -> t > from && t <= to).count())
                .sum();
        return tokens * 1e9 / (to - from);
    }

    public static void main(String[] args) throws Exception {
        Path gguf = Path.of(args[0]);
        int stages = Integer.parseInt(args[1]);
        int threads = Integer.parseInt(args[2]);
        int promptTokens = Integer.parseInt(args[3]);
        int maxTokens = Integer.parseInt(args[4]);
        int rounds = Integer.parseInt(args[5]);
        Path folder = Files.createTempDirectory("throughput");
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var config = GridNodeConfig.defaults(folder.resolve("gateway"), Set.of(Role.GATEWAY), List.of())
                .withAnnouncePeriod(Duration.ofSeconds(2));
        var workers = new ArrayList<WorkerProcess>();
        try (var backend = new CpuBackend(1);
                var file = GgufFile.open(gguf);
                var gateway =
                        GridNode.start(config, host, backend, Clock.systemUTC(), new Random(), new GridListener() {});
                var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            ModelConfig model = ModelConfig.of(file.metadata());
            Hash root = gateway.seed(gguf, "");
            for (BlockRange cut : Placement.cut(model.blocks(), stages)) {
                workers.add(WorkerProcess.start(
                        folder.resolve("worker" + workers.size()),
                        host.addresses().getFirst(),
                        root,
                        cut,
                        threads));
            }
            for (WorkerProcess worker : workers) {
                worker.awaitServing();
            }
            if (!gateway.awaitPipeline(root, Duration.ofMinutes(1))) {
                throw new IllegalStateException("expected a pipeline, found none");
            }
            for (int conversations : new int[] {1, 2, 4, 8, 16}) {
                var rates = new ArrayList<Double>();
                for (int round = -1; round < rounds; round++) {
                    var running = new ArrayList<Future<long[]>>();
                    for (int i = 0; i < conversations; i++) {
                        int salt = i;
                        int[] prompt = IntStream.range(0, promptTokens)
                                .map(p -> (p * 7919 + salt * 31 + 3) % model.vocabulary())
                                .toArray();
                        running.add(callers.submit(() -> {
                            var times = new ArrayList<Long>();
                            gateway.generate(
                                    new GenerationRequest(root, prompt, maxTokens, Sampling.GREEDY, Set.of()),
                                    (id, hops) -> times.add(System.nanoTime()),
                                    () -> false);
                            return times.stream().mapToLong(Long::longValue).toArray();
                        }));
                    }
                    var spans = new ArrayList<long[]>();
                    for (Future<long[]> one : running) {
                        spans.add(one.get());
                    }
                    if (round >= 0) {
                        rates.add(tokensPerSecond(spans));
                    }
                }
                List<Double> sorted = rates.stream().sorted().toList();
                System.out.printf(
                        Locale.ROOT,
                        "{\"model\":\"%s\",\"stages\":%d,\"threads\":%d,\"conversations\":%d,\"tokensPerSecond\":%.1f,"
                                + "\"least\":%.1f,\"most\":%.1f,\"rounds\":%d}%n",
                        gguf.getFileName(),
                        stages,
                        threads,
                        conversations,
                        sorted.get(sorted.size() / 2),
                        sorted.getFirst(),
                        sorted.getLast(),
                        rounds);
            }
        } finally {
            workers.forEach(WorkerProcess::close);
        }
        System.exit(0);
    }
}
