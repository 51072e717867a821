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
 * a process, in turn several times. Prints one line of JSON. Arguments: GGUF file, stages, prompt tokens, generated tokens, rounds.
 */
public final class PipelineOverhead {

    /** Rounds until the JIT compiler has settled. */
    private static final int WARM_UP = 8;

    private PipelineOverhead() {}

    private record Timing(double prefillMillis, double tokenMillis, double computeMillis) {}

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
        var alone = new ArrayList<Timing>();
        var piped = new ArrayList<Timing>();
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
                        long start = System.nanoTime();
                        out.add(tokens.next(prompt));
                        long first = System.nanoTime();
                        while (out.size() < maxTokens) {
                            out.add(tokens.next(out.getLast()));
                        }
                        long end = System.nanoTime();
                        if (round >= 0) {
                            alone.add(new Timing(
                                    (first - start) / 1e6,
                                    (end - first) / 1e6 / (maxTokens - 1),
                                    (end - first) / 1e6 / (maxTokens - 1)));
                        }
                    }
                    expected = out.stream().mapToInt(Integer::intValue).toArray();
                    long[] at = new long[maxTokens];
                    double[] compute = new double[1];
                    var heard = new ArrayList<Integer>();
                    long start = System.nanoTime();
                    var result = gateway.generate(
                            new GenerationRequest(root, prompt, maxTokens, Sampling.GREEDY, Set.of()),
                            (id, hops) -> {
                                at[heard.size()] = System.nanoTime();
                                if (!heard.isEmpty()) {
                                    hops.forEach(
                                            hop -> compute[0] += hop.compute().toNanos() / 1e6);
                                }
                                heard.add(id);
                            },
                            () -> false);
                    if (!Arrays.equals(result.tokens(), expected)) {
                        throw new IllegalStateException("expected the tokens of one process, found others");
                    }
                    if (round >= 0) {
                        piped.add(new Timing(
                                (at[0] - start) / 1e6,
                                (at[maxTokens - 1] - at[0]) / 1e6 / (maxTokens - 1),
                                compute[0] / (maxTokens - 1)));
                    }
                }
            }
            double[] overhead = piped.stream()
                    .mapToDouble(t -> t.tokenMillis() - t.computeMillis())
                    .toArray();
            System.out.printf(
                    Locale.ROOT,
                    "{\"model\":\"%s\",\"dimension\":%d,\"blocks\":%d,\"stages\":%d,\"promptTokens\":%d,\"tokens\":%d,"
                            + "\"rounds\":%d,\"processors\":%d,\"load\":%.1f,\"one\":%s,\"pipeline\":%s,\"overheadMillis\":%.3f,\"overheadMillisBest\":%.3f}%n",
                    gguf.getFileName(),
                    model.dimension(),
                    model.blocks(),
                    stages,
                    promptTokens,
                    maxTokens,
                    rounds,
                    Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                    json(alone),
                    json(piped),
                    median(overhead.clone()),
                    Arrays.stream(overhead).min().orElse(0));
        } finally {
            workers.forEach(WorkerProcess::close);
        }
        System.exit(0);
    }

    private static String json(List<Timing> timings) {
        return String.format(
                Locale.ROOT,
                "{\"firstTokenMillis\":%.2f,\"tokenMillis\":%.3f,\"tokenMillisBest\":%.3f,\"computeMillis\":%.3f}",
                median(timings.stream().mapToDouble(Timing::prefillMillis).toArray()),
                median(timings.stream().mapToDouble(Timing::tokenMillis).toArray()),
                timings.stream().mapToDouble(Timing::tokenMillis).min().orElse(0),
                median(timings.stream().mapToDouble(Timing::computeMillis).toArray()));
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        int n = values.length;
        return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    }
}
