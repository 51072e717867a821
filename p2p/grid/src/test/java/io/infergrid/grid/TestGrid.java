package io.infergrid.grid;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.ReferenceBackend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.generate.SessionTokens;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.sampling.SamplingParameters;
import io.infergrid.grid.verification.WindowAudit;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Nodes in this process, connected over TCP on the loopback interface; the first is everyone's bootstrap node. */
public final class TestGrid implements AutoCloseable {

    public static final Duration LIMIT = Duration.ofSeconds(20);

    private final Path folder;
    private final Changes changes = new Changes();
    private final List<GridNode> nodes = new ArrayList<>();
    private final List<Events> events = new ArrayList<>();
    private List<Multiaddr> bootstrap = List.of();

    public TestGrid(Path folder) {
        this.folder = folder;
    }

    /** Everything that happens on any node: events, counts, connections. */
    private static final class Changes implements HostListener {
        private long count;

        synchronized void add() {
            count++;
            notifyAll();
        }

        private synchronized long count() {
            return count;
        }

        void await(BooleanSupplier holds) throws InterruptedException {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            for (long before = count(); !holds.getAsBoolean(); before = count()) {
                awaitAfter(before, deadline);
            }
        }

        private synchronized void awaitAfter(long before, long deadline) throws InterruptedException {
            while (count == before) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError("expected to hold within " + LIMIT + ", found that it does not");
                }
                wait(left);
            }
        }

        @Override
        public void connected(Connection connection) {
            add();
        }

        @Override
        public void disconnected(Connection connection) {
            add();
        }
    }

    /** Records what a node tells its listener. */
    public static final class Events implements GridListener {
        private final Changes changes;
        public final List<Job> started = new CopyOnWriteArrayList<>();
        public final List<JobEnd> finished = new CopyOnWriteArrayList<>();
        public final List<JobEnd> failed = new CopyOnWriteArrayList<>();
        public final List<Window> windows = new CopyOnWriteArrayList<>();
        public final List<String> moves = new CopyOnWriteArrayList<>();
        public final List<WindowAudit.Verdict> verdicts = new CopyOnWriteArrayList<>();
        public final List<ShardProgress> progress = new CopyOnWriteArrayList<>();

        private Events(Changes changes) {
            this.changes = changes;
        }

        @Override
        public void jobStarted(Job job) {
            started.add(job);
            changes.add();
        }

        @Override
        public void jobFinished(Job job, JobEnd end) {
            finished.add(end);
            changes.add();
        }

        @Override
        public void jobFailed(Job job, JobEnd end) {
            failed.add(end);
            changes.add();
        }

        @Override
        public void windowDone(String jobId, Window window) {
            windows.add(window);
            changes.add();
        }

        @Override
        public void jobMoved(String jobId, String why, List<String> stages) {
            moves.add(why);
            changes.add();
        }

        @Override
        public void windowChecked(String jobId, WindowAudit.Verdict verdict) {
            verdicts.add(verdict);
            changes.add();
        }

        @Override
        public void shardProgress(ShardProgress shard) {
            progress.add(shard);
            changes.add();
        }

        @Override
        public void peerSeen(GridSnapshot.Peer peer) {
            changes.add();
        }

        @Override
        public void peerLost(String peerId) {
            changes.add();
        }
    }

    public static Backend reference() {
        return new ReferenceBackend(ModelConfig::of);
    }

    public GridNode node(Role role) throws IOException {
        return node(role, reference(), UnaryOperator.identity());
    }

    public GridNode node(Role role, Backend backend, UnaryOperator<GridNodeConfig> change) throws IOException {
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        int index = nodes.size();
        var config = GridNodeConfig.defaults(folder.resolve("node" + index), Set.of(role), bootstrap)
                .withAnnouncePeriod(Duration.ofMillis(300))
                // the machine that runs the tests may be busy for seconds
                .withHedge(Duration.ofSeconds(30));
        if (index == 0) {
            bootstrap = host.addresses();
        }
        var heard = new Events(changes);
        var node = GridNode.start(change.apply(config), host, backend, Clock.systemUTC(), new Random(index), heard);
        host.addListener(changes);
        node.metrics().onCount(changes::add);
        nodes.add(node);
        events.add(heard);
        return node;
    }

    public Events events(GridNode node) {
        return events.get(nodes.indexOf(node));
    }

    public List<Multiaddr> bootstrap() {
        return bootstrap;
    }

    /** Workers that serve {@code cuts} one each, once the gateway sees them. */
    public List<GridNode> workers(GridNode gateway, Hash model, BlockRange... cuts) throws Exception {
        var workers = new ArrayList<GridNode>();
        for (BlockRange cut : cuts) {
            GridNode worker = node(Role.WORKER);
            worker.serve(model, cut, LIMIT);
            workers.add(worker);
        }
        int all = workers.size();
        eventually(() -> gateway.snapshot().peers().stream()
                        .filter(peer -> !peer.serves().isEmpty() && peer.connected())
                        .count()
                >= all);
        return workers;
    }

    /** Waits until something holds, at most 20 s: looks again whenever anything happened on any node. */
    public void eventually(BooleanSupplier holds) throws InterruptedException {
        changes.await(holds);
    }

    /** What one process with the whole model says. */
    public static int[] alone(Path gguf, GenerationRequest request) {
        GenerationRequest.Sampling s = request.sampling();
        try (var file = GgufFile.open(gguf);
                var backend = reference();
                Stage stage = backend.load(file, StageSpec.whole(TinyLlama.BLOCKS));
                StageSession session = stage.open(TinyLlama.CONTEXT)) {
            var model =
                    new SessionTokens(session, SamplingParameters.of(s.temperature(), s.topK(), s.topP(), s.seed()));
            var tokens = new ArrayList<Integer>();
            int[] next = request.prompt();
            while (tokens.size() < request.maxTokens()) {
                int token = model.next(next);
                if (request.stopTokens().contains(token)) {
                    break;
                }
                tokens.add(token);
                next = new int[] {token};
            }
            return tokens.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    @Override
    public void close() {
        for (GridNode node : nodes.reversed()) {
            node.close();
        }
    }
}
