package io.infergrid.app.grid;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.Sharing;
import io.infergrid.app.paths.Home;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GridListener;
import io.infergrid.grid.GridNode;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * A whole grid on this computer. This process is gateway, bootstrap and seeder of the model; each worker is a process of its own
 * that starts without shards, fetches those of its blocks over the swarm and serves them. Workers that die are started again.
 */
public final class LocalGrid implements AutoCloseable {

    /** On one computer news is cheap, and a window wants it soon. */
    private static final Duration ANNOUNCE_PERIOD = Duration.ofSeconds(2);

    /** In a swarm beyond it, news travels to everybody. */
    private static final Duration ANNOUNCE_PERIOD_IN_THE_OPEN = Duration.ofSeconds(15);

    private static final String LOOPBACK = "/ip4/127.0.0.1/tcp/0";

    private final OpenNode node;
    private final Hash model;
    private final int modelBlocks;
    private final List<BlockRange> stages;
    private final List<Supervisor> workers = new ArrayList<>();

    /**
     * What to bring up.
     *
     * @param home of this rig; workers have theirs under its cache
     * @param model the GGUF file to serve
     * @param licence of the model, announced with it
     * @param workers number of worker processes
     * @param backend {@code cpu} or {@code vulkan}, found to be conformant
     * @param device the UUID of the graphics card, empty for the processor
     * @param conformanceDigest of that finding
     * @param threads that each worker computes with
     * @param sharing whether this computer is all of the grid, or how it takes part in a larger one
     */
    public record Plan(
            Home home,
            Path model,
            String licence,
            int workers,
            String backend,
            String device,
            String conformanceDigest,
            int threads,
            Sharing sharing) {}

    /** What happens to the workers; called from threads of the grid, must return soon. */
    public interface Events {

        /** @param why how the worker before it ended */
        void workerStartedAgain(String worker, String why, int time);

        /** It died too often and is not started again. */
        void workerGaveUp(String worker, String why);
    }

    private LocalGrid(OpenNode node, Hash model, int modelBlocks, List<BlockRange> stages) {
        this.node = node;
        this.model = model;
        this.modelBlocks = modelBlocks;
        this.stages = stages;
    }

    /**
     * Starts the processes; {@link #awaitPipeline} waits until they serve.
     *
     * @param backend owned by the caller, and closed by it after the grid
     */
    public static LocalGrid start(
            Plan plan, Backend backend, GridListener listener, Events events, Clock clock, RandomGenerator random)
            throws IOException {
        var ways = OpenNode.Ways.of(plan.sharing());
        var node = OpenNode.start(
                plan.home(),
                ways,
                "infergrid",
                GridNodeConfig.defaults(plan.home().shards(), Set.of(Role.GATEWAY, Role.SEEDER), ways.join())
                        .withAnnouncePeriod(ways.beyond() ? ANNOUNCE_PERIOD_IN_THE_OPEN : ANNOUNCE_PERIOD)
                        .withConformance("IG1", plan.conformanceDigest()),
                backend,
                clock,
                random,
                listener);
        try {
            int blocks = blocksOf(plan.model());
            Hash model = node.node().seed(plan.model(), plan.licence());
            var grid = new LocalGrid(node, model, blocks, cut(blocks, plan.workers()));
            String bootstrap = node.localAddress();
            for (int i = 0; i < plan.workers(); i++) {
                grid.addWorker(i, plan, bootstrap, events);
            }
            return grid;
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
    }

    private static int blocksOf(Path model) {
        try (GgufFile file = GgufFile.open(model)) {
            return ModelConfig.of(file.metadata()).blocks();
        }
    }

    /** Equal parts, as far as they go; more workers than blocks double the first parts. */
    static List<BlockRange> cut(int blocks, int workers) {
        int parts = Math.min(blocks, workers);
        var ranges = new ArrayList<BlockRange>();
        for (int i = 0; i < parts; i++) {
            ranges.add(new BlockRange(i * blocks / parts, (i + 1) * blocks / parts));
        }
        return List.copyOf(ranges);
    }

    private void addWorker(int index, Plan plan, String bootstrap, Events events) {
        String name = "worker-" + (index + 1);
        Home own = Home.under(plan.home().cache().resolve("local-grid").resolve(name));
        clear(own.cache());
        own.create();
        BlockRange blocks = stages.get(index % stages.size());
        var arguments = new ArrayList<>(List.of(
                "--json",
                "--home=" + own.data().getParent(),
                "--listen=" + (plan.sharing().open() ? "/ip4/0.0.0.0/tcp/0" : LOOPBACK),
                "--bootstrap=" + bootstrap,
                "--model=" + model.hex(),
                "--blocks=" + blocks.first() + "-" + (blocks.end() - 1),
                "--backend=" + plan.backend(),
                "--conformance-digest=" + plan.conformanceDigest(),
                "--threads=" + plan.threads(),
                "--announce-seconds=" + ANNOUNCE_PERIOD.toSeconds()));
        arguments.addAll(ways(plan.sharing()));
        if (!plan.device().isEmpty()) {
            arguments.add("--device=" + plan.device());
        }
        workers.add(new Supervisor(
                name,
                () -> WorkerProcess.start(name, own.logs(), arguments, event -> said(name, event)),
                new Supervisor.Events() {
                    @Override
                    public void startedAgain(String worker, String why, int time) {
                        events.workerStartedAgain(worker, why, time);
                    }

                    @Override
                    public void gaveUp(String worker, String why) {
                        events.workerGaveUp(worker, why);
                    }
                }));
    }

    /** The gateway finds others for its workers; what they do themselves is to be reached. */
    private static List<String> ways(Sharing sharing) {
        var arguments = new ArrayList<String>();
        if (sharing.open()) {
            arguments.addAll(List.of("--no-mdns", "--no-dht"));
            if (!sharing.quic()) {
                arguments.add("--no-quic");
            }
            if (!sharing.portMapping()) {
                arguments.add("--no-port-mapping");
            }
            if (!sharing.relays()) {
                arguments.add("--no-relays");
            }
        }
        return arguments;
    }

    private static void said(String name, JsonNode event) {
        org.slf4j.LoggerFactory.getLogger(LocalGrid.class).info("{}: {}", name, event);
    }

    /** A worker of a local grid begins with nothing, so that the grid shows how shards travel; its key is kept. */
    private static void clear(Path directory) {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("expected to clear " + directory, e);
        }
    }

    /**
     * Waits until the stages cover the model.
     *
     * @return false if they did not within {@code limit}, or {@code cancelled} said so before
     */
    public boolean awaitPipeline(Duration limit, BooleanSupplier cancelled) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!cancelled.getAsBoolean() && System.nanoTime() < end) {
            if (node.node().awaitPipeline(model, Duration.ofMillis(250))) {
                return true;
            }
        }
        return false;
    }

    /** This process's own node: the gateway. */
    public GridNode node() {
        return node.node();
    }

    public Hash model() {
        return model;
    }

    public int modelBlocks() {
        return modelBlocks;
    }

    /** The parts that the model was cut into; more than one worker may serve one. */
    public List<BlockRange> stages() {
        return stages;
    }

    /** Process ids of the workers that run now. */
    public List<Long> workerPids() {
        return workers.stream().map(Supervisor::pid).filter(pid -> pid >= 0).toList();
    }

    /** Lets the workers compute this part of the time at most, in percent. */
    public void duty(int percent) {
        workers.forEach(worker -> worker.say(NodeOrders.duty(percent)));
    }

    /** Ends the workers, all at the same time, and leaves the grid. Takes some seconds at most. */
    @Override
    public void close() {
        List<Thread> closing = workers.stream()
                .map(worker -> Thread.ofVirtual().name("closing").start(worker::close))
                .toList();
        try {
            for (Thread thread : closing) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        node.close();
    }
}
