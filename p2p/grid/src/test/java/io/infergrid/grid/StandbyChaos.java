package io.infergrid.grid;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.placement.Placement;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Kills (as {@code kill -9}) a random worker process of a pipeline with standbys at a random instant of an answer, many times, and compares
 * each answer with that of one process. Prints one line of JSON: answers that were the same, how often a standby took over and how often
 * the journal was replayed, the usual time between two tokens and the longest one of each answer in which the stage that was killed
 * was in use, in milliseconds. Arguments: GGUF file, stages, tokens of an answer, runs, seed.
 */
public final class StandbyChaos {

    private StandbyChaos() {}

    private static double quantile(List<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get((int) (share * (sorted.size() - 1)));
    }

    /** One worker process for each stage, and one more for each. */
    private static final class Workers implements AutoCloseable {
        private final Path folder;
        private final Multiaddr gateway;
        private final Hash model;
        private final Map<String, WorkerProcess> byPeer = new ConcurrentHashMap<>();
        private int made;

        Workers(Path folder, Multiaddr gateway, Hash model) {
            this.folder = folder;
            this.gateway = gateway;
            this.model = model;
        }

        void add(BlockRange blocks) throws Exception {
            WorkerProcess worker = WorkerProcess.start(folder.resolve("worker" + made++), gateway, model, blocks, 1);
            byPeer.put(worker.awaitServing(), worker);
        }

        /** False if it is not there any more. */
        boolean kill(String peer) {
            WorkerProcess worker = byPeer.remove(peer);
            if (worker != null) {
                worker.kill();
            }
            return worker != null;
        }

        @Override
        public void close() {
            byPeer.values().forEach(WorkerProcess::close);
        }
    }

    public static void main(String[] args) throws Exception {
        Path gguf = Path.of(args[0]);
        int stages = Integer.parseInt(args[1]);
        int tokens = Integer.parseInt(args[2]);
        int runs = Integer.parseInt(args[3]);
        var random = new Random(Long.parseLong(args[4]));
        Path folder = Files.createTempDirectory("chaos");
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var config = GridNodeConfig.defaults(folder.resolve("gateway"), Set.of(Role.GATEWAY), List.of())
                .withAnnouncePeriod(Duration.ofSeconds(1));
        int same = 0;
        int inUse = 0;
        var usual = new ArrayList<Double>();
        var worst = new ArrayList<Double>();
        try (var backend = new CpuBackend(1);
                var file = GgufFile.open(gguf);
                var gateway =
                        GridNode.start(config, host, backend, Clock.systemUTC(), new Random(), new GridListener() {})) {
            ModelConfig model = ModelConfig.of(file.metadata());
            Hash root = gateway.seed(gguf, "");
            List<BlockRange> cuts = Placement.cut(model.blocks(), stages);
            try (var whole = backend.load(file, StageSpec.whole(model.blocks()));
                    var workers = new Workers(folder, host.addresses().getFirst(), root)) {
                for (int i = 0; i < 2 * stages; i++) {
                    workers.add(cuts.get(i % stages));
                }
                for (int run = -3; run < runs; run++) { // the first ones warm the processes up
                    await(gateway, 2 * stages);
                    int[] prompt = IntStream.range(0, 8 + random.nextInt(56))
                            .map(i -> random.nextInt(model.vocabulary()))
                            .toArray();
                    var request =
                            new GenerationRequest(root, prompt, tokens, new Sampling(0.8f, 40, 0.95f, run), Set.of());
                    int[] expected = alone(whole, request);
                    int stage = random.nextInt(stages);
                    int at = run < 0 ? Integer.MAX_VALUE : random.nextInt(tokens - 1);
                    long micros = random.nextInt(2000);
                    var times = new ArrayList<Long>();
                    boolean[] killed = new boolean[1];
                    GenerationResult result = gateway.generate(
                            request,
                            (id, hops) -> {
                                times.add(System.nanoTime());
                                if (times.size() == at + 1) {
                                    String victim = hops.get(stage).peerId();
                                    Thread.ofPlatform().start(() -> {
                                        long until = System.nanoTime() + micros * 1000;
                                        while (System.nanoTime() < until) {
                                            Thread.onSpinWait();
                                        }
                                        killed[0] = workers.kill(victim);
                                    });
                                }
                            },
                            () -> false);
                    boolean equal = Arrays.equals(result.tokens(), expected);
                    var gaps = new ArrayList<Double>();
                    for (int i = 1; i < times.size(); i++) {
                        gaps.add((times.get(i) - times.get(i - 1)) / 1e6);
                    }
                    if (run >= 0) {
                        same += equal ? 1 : 0;
                        usual.add(quantile(gaps, 0.5));
                        if (result.replans() > 0) {
                            inUse++;
                            worst.add(quantile(gaps, 1));
                        }
                    }
                    while (at != Integer.MAX_VALUE && !killed[0]) {
                        Thread.sleep(10); // the answer may end before the kill
                    }
                    if (at != Integer.MAX_VALUE) {
                        workers.add(cuts.get(stage));
                    }
                }
                var metrics = gateway.metrics();
                System.out.printf(
                        Locale.ROOT,
                        "{\"model\":\"%s\",\"stages\":%d,\"tokens\":%d,\"runs\":%d,\"same\":%d,\"lostDuringAnswer\":%d,"
                                + "\"takeovers\":%d,\"windowsAgreed\":%d,\"usualGapP50\":%.3f,\"gapAtLossP50\":%.3f,"
                                + "\"gapAtLossP99\":%.3f,\"gapAtLossMost\":%.3f}%n",
                        gguf.getFileName(),
                        stages,
                        tokens,
                        runs,
                        same,
                        inUse,
                        metrics.value("gateway.standbys.swapped"),
                        metrics.value("gateway.windows.agreed"),
                        quantile(usual, 0.5),
                        quantile(worst, 0.5),
                        quantile(worst, 0.99),
                        quantile(worst, 1));
            }
        }
        System.exit(same == runs ? 0 : 1);
    }

    private static int[] alone(Stage stage, GenerationRequest request) {
        var sampling = request.sampling();
        try (var session = stage.open(request.prompt().length + request.maxTokens())) {
            var next = new SessionTokens(
                    session,
                    SamplingParameters.of(sampling.temperature(), sampling.topK(), sampling.topP(), sampling.seed()));
            var tokens = new ArrayList<Integer>();
            while (tokens.size() < request.maxTokens()) {
                tokens.add(tokens.isEmpty() ? next.next(request.prompt()) : next.next(tokens.getLast()));
            }
            return tokens.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    private static void await(GridNode gateway, int workers) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (gateway.snapshot().peers().stream()
                        .filter(peer -> !peer.serves().isEmpty() && peer.connected())
                        .count()
                < workers) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("expected " + workers + " workers that serve");
            }
            Thread.sleep(10);
        }
    }
}
