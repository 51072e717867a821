package io.infergrid.grid;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import io.infergrid.libp2p.HostBuilder;
import java.lang.management.ManagementFactory;
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
import java.util.stream.IntStream;

/**
 * Measures what a pipeline of local worker processes costs over one process: the same model, prompt and tokens, one compute thread
 * a process, in turn several times. Prints one line of JSON with the 10th and 50th percentile over all tokens, in milliseconds. Arguments: GGUF file, stages, prompt tokens, generated tokens, rounds.
 */
public final class PipelineOverhead {

    /** Rounds until the JIT compiler has settled. */
    private static final int WARM_UP = 8;

    private PipelineOverhead() {}

    /** Milliseconds of every measured token; low quantiles are those that no other program interrupted. */
    private static final class Times {
        private final List<Double> first = new ArrayList<>();
        private final List<Double> token = new ArrayList<>();
        private final List<Double> compute = new ArrayList<>();

        String json() {
            return String.format(
                    Locale.ROOT,
                    "{\"firstTokenP10\":%.2f,\"firstTokenP50\":%.2f,\"tokenP10\":%.3f,\"tokenP50\":%.3f,"
                            + "\"computeP10\":%.3f,\"computeP50\":%.3f}",
                    quantile(first, 0.1),
                    quantile(first, 0.5),
                    quantile(token, 0.1),
                    quantile(token, 0.5),
                    quantile(compute, 0.1),
                    quantile(compute, 0.5));
        }
    }

    private static double quantile(List<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get((int) (share * (sorted.size() - 1)));
    }

    public static void main(String[] args) throws Exception {
        Path gguf = Path.of(args[0]);
        int stages = Integer.parseInt(args[1]);
        int promptTokens = Integer.parseInt(args[2]);
        int maxTokens = Integer.parseInt(args[3]);
        int rounds = Integer.parseInt(args[4]);
        Path folder = Files.createTempDirectory("overhead");
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var config = GridNodeConfig.defaults(folder.resolve("gateway"), Set.of(Role.GATEWAY), List.of())
                .withAnnouncePeriod(Duration.ofSeconds(2));
        var workers = new ArrayList<WorkerProcess>();
        var alone = new Times();
        var piped = new Times();
        try (var backend = new CpuBackend(1);
                var file = GgufFile.open(gguf);
                var gateway =
                        GridNode.start(config, host, backend, Clock.systemUTC(), new Random(), new GridListener() {})) {
            ModelConfig model = ModelConfig.of(file.metadata());
            Hash root = gateway.seed(gguf, "");
            int[] prompt = IntStream.range(0, promptTokens)
                    .map(i -> (i * 7919 + 3) % model.vocabulary())
                    .toArray();
            for (BlockRange cut : Placement.cut(model.blocks(), stages)) {
                var worker = WorkerProcess.start(
                        folder.resolve("worker" + workers.size()),
                        host.addresses().getFirst(),
                        root,
                        cut,
                        1);
                workers.add(worker);
            }
            for (WorkerProcess worker : workers) {
                worker.awaitServing();
            }
            if (!gateway.awaitPipeline(root, Duration.ofMinutes(1))) {
                throw new IllegalStateException("expected a pipeline, found none");
            }
            try (var stage = backend.load(file, StageSpec.whole(model.blocks()))) {
                int[] expected = {};
                for (int round = -WARM_UP; round < rounds; round++) {
                    var out = new ArrayList<Integer>();
                    try (var session = stage.open(promptTokens + maxTokens)) {
                        var tokens = new SessionTokens(session, SamplingParameters.GREEDY);
                        long last = System.nanoTime();
                        while (out.size() < maxTokens) {
                            boolean first = out.isEmpty();
                            out.add(first ? tokens.next(prompt) : tokens.next(out.getLast()));
                            long now = System.nanoTime();
                            if (round >= 0) {
                                (first ? alone.first : alone.token).add((now - last) / 1e6);
                            }
                            last = now;
                        }
                    }
                    expected = out.stream().mapToInt(Integer::intValue).toArray();
                    var heard = new ArrayList<Integer>();
                    boolean counts = round >= 0;
                    long[] last = {System.nanoTime()};
                    var result = gateway.generate(
                            new GenerationRequest(root, prompt, maxTokens, Sampling.GREEDY, Set.of()),
                            (id, hops) -> {
                                long now = System.nanoTime();
                                if (counts) {
                                    (heard.isEmpty() ? piped.first : piped.token).add((now - last[0]) / 1e6);
                                    if (!heard.isEmpty()) {
                                        piped.compute.add(hops.stream()
                                                .mapToDouble(
                                                        hop -> hop.compute().toNanos() / 1e6)
                                                .sum());
                                    }
                                }
                                last[0] = now;
                                heard.add(id);
                            },
                            () -> false);
                    if (!Arrays.equals(result.tokens(), expected)) {
                        throw new IllegalStateException("expected the tokens of one process, found others");
                    }
                }
            }
            alone.compute.addAll(alone.token);
            var rest = new ArrayList<Double>();
            for (int i = 0; i < piped.token.size(); i++) {
                rest.add(piped.token.get(i) - piped.compute.get(i));
            }
            System.out.printf(
                    Locale.ROOT,
                    "{\"model\":\"%s\",\"dimension\":%d,\"blocks\":%d,\"stages\":%d,\"promptTokens\":%d,\"tokens\":%d,"
                            + "\"rounds\":%d,\"processors\":%d,\"load\":%.1f,\"one\":%s,\"pipeline\":%s,\"overheadP10\":%.3f,\"overheadP50\":%.3f}%n",
                    gguf.getFileName(),
                    model.dimension(),
                    model.blocks(),
                    stages,
                    promptTokens,
                    maxTokens,
                    rounds,
                    Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                    alone.json(),
                    piped.json(),
                    quantile(rest, 0.1),
                    quantile(rest, 0.5));
        } finally {
            workers.forEach(WorkerProcess::close);
        }
        System.exit(0);
    }
}
