package io.infergrid.grid;

import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageLimits;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.grid.announce.Announcement;
import io.infergrid.grid.announce.Gossip;
import io.infergrid.grid.announce.PeerBook;
import io.infergrid.grid.exchange.ProviderDirectory.Provider;
import io.infergrid.grid.exchange.ShardExchange;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.HeldShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.OpenTensors;
import io.infergrid.grid.model.ShardStore;
import io.infergrid.grid.net.Swarm;
import io.infergrid.grid.pipeline.EngineThread;
import io.infergrid.grid.pipeline.Gateway;
import io.infergrid.grid.pipeline.LoadedStage;
import io.infergrid.grid.pipeline.RoutePlanner;
import io.infergrid.grid.pipeline.RoutePlanner.Candidate;
import io.infergrid.grid.pipeline.StageServer;
import io.infergrid.grid.placement.Placement;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.reachability.ReachabilityService;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node that runs: puts the parts of the grid together on one host. */
final class LiveNode implements GridNode {

    private static final Logger LOG = LoggerFactory.getLogger(LiveNode.class);
    private static final Duration TICK = Duration.ofMillis(50);
    /** What the way to a peer that was only heard of is taken to cost, there and back. */
    private static final Duration UNMEASURED = Duration.ofMillis(50);

    private final GridNodeConfig config;
    private final Host host;
    private final Swarm swarm;
    private final Backend backend;
    private final GridMetrics metrics = new GridMetrics();
    private final GridListener listener;
    private final PeerBook book;
    private final Gossip gossip;
    private final ShardExchange exchange;
    private final EngineThread engine = new EngineThread(metrics);
    private final StageServer stages;
    private final Gateway gateway;
    private final ShardShelf shelf;
    private final Thread seeding;
    private volatile @Nullable ReachabilityService reachability;

    private LiveNode(
            GridNodeConfig config, Host host, Backend backend, Clock clock, RandomGenerator random, GridListener told) {
        this.config = config;
        this.host = host;
        this.backend = backend;
        listener = new GuardedListener(told);
        swarm = new Swarm(host, metrics);
        book = new PeerBook(clock);
        gossip = new Gossip(
                swarm,
                book,
                config.bootstrap(),
                config.announcePeriod(),
                this::announcement,
                this::seen,
                peer -> listener.peerLost(peer.toString()),
                clock,
                random,
                metrics);
        shelf = new ShardShelf(config.shards(), config.sharing(), shelfSurroundings(), clock, metrics);
        seeding = Thread.ofVirtual().name("seeding").unstarted(this::seed);
        exchange = new ShardExchange(
                swarm,
                config.sharing().providers(),
                this::sources,
                shelf::find,
                config.shards(),
                new ShardExchange.Limits(
                        config.capacity().uploads(),
                        config.sharing().upBytesPerSecond(),
                        config.sharing().downBytesPerSecond()),
                clock,
                random,
                metrics,
                listener::shardProgress,
                new ShardExchange.News() {
                    @Override
                    public void stored(Hash model, int shard, boolean whole) {
                        if (whole) {
                            shelf.publish();
                            gossip.poke();
                        }
                    }

                    @Override
                    public void spoilt(Hash model, int shard) {
                        shelf.publish();
                        gossip.poke();
                    }
                });
        stages = new StageServer(
                swarm,
                engine,
                new StageServer.Limits(
                        config.capacity().sessions(),
                        config.capacity().kvBytes(),
                        config.capacity().sessionIdle()),
                config.arithmetic().profile(),
                clock,
                metrics,
                listener,
                config.payments());
        gateway = new Gateway(
                swarm,
                this::candidates,
                this::suspect,
                config.arithmetic().profile(),
                config.steps().prefillChunk(),
                config.steps().limit(),
                config.steps().hedge(),
                clock,
                random,
                metrics,
                listener,
                config.payments());
    }

    static LiveNode start(
            GridNodeConfig config, Host host, Backend backend, Clock clock, RandomGenerator random, GridListener told) {
        var node = new LiveNode(config, host, backend, clock, random, told);
        node.findStores();
        node.exchange.start();
        node.seeding.start();
        node.stages.start();
        host.addListener(node.connections());
        node.findOutReach(clock, random);
        node.gossip.start(host);
        return node;
    }

    private void findOutReach(Clock clock, RandomGenerator random) {
        var reach = config.reach();
        if (reach.on()) {
            var settings = ReachabilityService.Settings.DEFAULT
                    .withPortMapping(reach.portMapping())
                    .withRelays(reach.relays(), reach.relays());
            reachability = new ReachabilityService(host, settings, clock, random).start();
        }
    }

    /** Takes up what an earlier run left on disk. */
    private void findStores() {
        try {
            shelf.takeUp();
        } catch (IOException e) {
            throw new UncheckedIOException("expected a folder for shards at " + config.shards(), e);
        }
    }

    private ShardShelf.Surroundings shelfSurroundings() {
        return new ShardShelf.Surroundings() {
            @Override
            public int copies(Hash model, int shard) {
                return (int) book.peers().stream()
                        .flatMap(entry -> entry.announcement().holding(model).stream())
                        .filter(holding -> holding.shards().get(shard))
                        .count();
            }

            @Override
            public boolean serves(Hash model, int shard) {
                return stages.stages().stream()
                        .anyMatch(stage -> stage.model().equals(model)
                                && stage.manifest()
                                        .shardsFor(stage.blocks()
                                                .spec(stage.manifest().blocks()))
                                        .contains(shard));
            }

            @Override
            public void changed() {
                gossip.poke();
            }

            @Override
            public ShardExchange exchange() {
                return exchange;
            }
        };
    }

    private void seed() {
        try {
            while (true) {
                Thread.sleep(config.announcePeriod());
                shelf.seedWhatIsLacking(peerId());
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private HostListener connections() {
        return new HostListener() {
            @Override
            public void connected(Connection connection) {
                gossip.poke();
            }

            @Override
            public void disconnected(Connection connection) {
                if (book.disconnected(connection.remote())) {
                    listener.peerLost(connection.remote().toString());
                }
                gossip.disconnected(connection.remote());
            }
        };
    }

    // ---- what this node says and hears

    private Announcement announcement() {
        List<HeldShards> models = shelf.all();
        Map<Hash, List<Announcement.Serving>> serving = new HashMap<>();
        for (LoadedStage stage : stages.stages()) {
            serving.computeIfAbsent(stage.model(), root -> new ArrayList<>())
                    .add(new Announcement.Serving(
                            stage.blocks(), stage.stepTime().average()));
        }
        var holdings = new ArrayList<Announcement.Holding>();
        for (HeldShards model : models) {
            var whole = new BitSet();
            for (int i = 0; i < model.manifest().shards().size(); i++) {
                whole.set(i, model.complete(i));
            }
            holdings.add(new Announcement.Holding(model.root(), whole, serving.getOrDefault(model.root(), List.of())));
        }
        return new Announcement(
                swarm.self(),
                swarm.addresses(),
                config.roles(),
                device(),
                config.arithmetic().profile(),
                config.arithmetic().conformanceDigest(),
                config.announcePeriod(),
                Math.min(0xffff, stages.freeSlots()),
                holdings);
    }

    private String device() {
        String device = backend.name() + ": " + backend.device();
        return device.length() > 64 ? device.substring(0, 64) : device;
    }

    private void seen(PeerId peer) {
        boolean connected = swarm.connected().contains(peer);
        book.find(peer).ifPresent(entry -> listener.peerSeen(view(entry, connected)));
    }

    private void suspect(PeerId peer) {
        if (!peer.equals(swarm.self())) {
            book.forget(peer);
            gossip.askAgain(peer);
        }
    }

    private List<Provider> sources(Hash model) {
        return book.peers().stream()
                .map(PeerBook.Entry::announcement)
                .filter(announcement -> announcement.holding(model).isPresent())
                .map(announcement -> new Provider(announcement.node(), announcement.addresses()))
                .toList();
    }

    private List<Candidate> candidates(Hash model) {
        var candidates = new ArrayList<Candidate>();
        var connected = swarm.connected();
        for (PeerBook.Entry entry : book.peers()) {
            if (sameArithmetic(entry.announcement())) {
                boolean far = entry.roundTrip().isZero()
                        && !connected.contains(entry.announcement().node());
                addStages(candidates, model, entry.announcement(), far ? UNMEASURED : entry.roundTrip());
            }
        }
        addStages(candidates, model, announcement(), Duration.ZERO);
        return candidates;
    }

    /** A stage with other arithmetic would change the answer. */
    private boolean sameArithmetic(Announcement peer) {
        return peer.profile().equals(config.arithmetic().profile())
                && (peer.conformance().isEmpty()
                        || config.arithmetic().conformanceDigest().isEmpty()
                        || peer.conformance().equals(config.arithmetic().conformanceDigest()));
    }

    private static void addStages(
            List<Candidate> candidates, Hash model, Announcement announcement, Duration roundTrip) {
        if (announcement.freeSlots() == 0) {
            return;
        }
        announcement.holding(model).ifPresent(holding -> {
            for (Announcement.Serving serving : holding.serving()) {
                candidates.add(new Candidate(
                        announcement.node(),
                        announcement.addresses(),
                        announcement.device(),
                        serving.blocks(),
                        serving.stepTime(),
                        roundTrip));
            }
        });
    }

    // ---- GridNode

    @Override
    public String peerId() {
        return swarm.self().toString();
    }

    @Override
    public GridMetrics metrics() {
        return metrics;
    }

    @Override
    public Hash seed(Path model, String licence) {
        try {
            HeldShards shards = Files.isDirectory(model) ? ShardStore.open(model) : new GgufShards(model, licence);
            shelf.put(shards);
            gossip.poke();
            return shards.root();
        } catch (IOException e) {
            throw new UncheckedIOException("expected a model at " + model + ": " + e.getMessage(), e);
        }
    }

    private Optional<HeldShards> held(Hash model) {
        return shelf.find(model);
    }

    @Override
    public void fetchMetadata(Hash model, Duration limit) throws GridException, InterruptedException {
        hold(model, List.of(0), System.nanoTime() + limit.toNanos());
    }

    @Override
    public void download(Hash model, Duration limit) throws GridException, InterruptedException {
        if (known(model, System.nanoTime() + limit.toNanos()) instanceof ShardStore store) {
            List<Integer> all =
                    IntStream.range(0, store.manifest().shards().size()).boxed().toList();
            makeRoom(store, all);
            exchange.start(store, all);
        }
    }

    @Override
    public boolean pauseDownload(Hash model) {
        return exchange.pause(model);
    }

    @Override
    public boolean resumeDownload(Hash model) {
        return exchange.resume(model);
    }

    @Override
    public boolean cancelDownload(Hash model) {
        return exchange.cancel(model);
    }

    @Override
    public boolean remove(Hash model) {
        try {
            return shelf.remove(model);
        } catch (IOException e) {
            throw new UncheckedIOException("expected to delete " + model + " from " + config.shards(), e);
        }
    }

    @Override
    public void export(Hash model, Path gguf) throws GridException {
        HeldShards here = held(model)
                .orElseThrow(() -> new GridException.ShardMissing(
                        "expected a model that was seeded or fetched here, found " + model));
        for (int shard = 0; shard < here.manifest().shards().size(); shard++) {
            if (!here.complete(shard)) {
                throw new GridException.ShardMissing(
                        "expected all shards of " + here.manifest().name() + " here, found '"
                                + here.manifest().shards().get(shard).label() + "' missing");
            }
        }
        try {
            here.assemble(gguf);
        } catch (IOException e) {
            throw new UncheckedIOException("expected to write " + gguf + ": " + e.getMessage(), e);
        }
    }

    /** Has these shards of a model here, from peers if need be. */
    private HeldShards hold(Hash model, List<Integer> shards, long deadline)
            throws GridException, InterruptedException {
        HeldShards here = known(model, deadline);
        shelf.use(model, shards);
        if (here instanceof ShardStore store && !shards.stream().allMatch(here::complete)) {
            makeRoom(store, shards);
            exchange.fetch(store, shards, left(deadline));
            gossip.poke();
        }
        return here;
    }

    private void makeRoom(ShardStore store, List<Integer> shards) throws GridException {
        try {
            shelf.makeRoom(store, shards);
        } catch (IOException e) {
            throw new UncheckedIOException("expected to keep shards in " + config.shards(), e);
        }
    }

    /** The model's manifest at least. */
    private HeldShards known(Hash model, long deadline) throws GridException, InterruptedException {
        var here = held(model);
        if (here.isPresent()) {
            return here.get();
        }
        Manifest manifest = exchange.manifest(model, left(deadline));
        try {
            return shelf.open(manifest);
        } catch (IOException e) {
            throw new UncheckedIOException("expected to keep shards in " + config.shards(), e);
        }
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }

    @Override
    public Optional<GgufMetadata> metadata(Hash model) {
        return held(model).filter(shards -> shards.complete(0)).map(shards -> {
            try {
                return shards.metadata();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Override
    public void serve(Hash model, BlockRange blocks, Duration limit) throws GridException, InterruptedException {
        if (stages.resume(model, blocks)) {
            gossip.poke();
            return;
        }
        long deadline = System.nanoTime() + limit.toNanos();
        Manifest manifest = known(model, deadline).manifest();
        StageSpec spec = blocks.spec(manifest.blocks());
        OpenTensors tensors = openTensors(model, manifest.shardsFor(spec), spec, deadline);
        boolean loaded = false;
        try {
            Stage stage = engine.run(() -> backend.loadRecovering(tensors, spec, StageLimits.NONE));
            stages.add(new LoadedStage(model, manifest, blocks, stage, tensors));
            loaded = true;
        } finally {
            if (!loaded) {
                tensors.close();
            }
        }
        LOG.info("serving blocks {} of {}", blocks, manifest.name());
        gossip.poke();
    }

    /** Has the shards here and verifies them; what rotted on the disk since it came is fetched again. */
    private OpenTensors openTensors(Hash model, List<Integer> wanted, StageSpec spec, long deadline)
            throws GridException, InterruptedException {
        while (true) {
            HeldShards shards = hold(model, wanted, deadline);
            try {
                return shards.open(spec);
            } catch (IOException e) {
                boolean rotted =
                        shards instanceof ShardStore && !wanted.stream().allMatch(shards::complete);
                if (!rotted || System.nanoTime() >= deadline) {
                    throw new UncheckedIOException(e);
                }
                LOG.warn("a shard on this disk rotted and is fetched again: {}", e.getMessage());
            }
        }
    }

    @Override
    public BlockRange serveWhereNeeded(Hash model, int count, Duration limit)
            throws GridException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        Manifest manifest = known(model, deadline).manifest();
        List<BlockRange> served =
                candidates(model).stream().map(Candidate::blocks).toList();
        BlockRange blocks = Placement.choose(manifest.blocks(), Math.min(count, manifest.blocks()), served, peerId());
        serve(model, blocks, left(deadline));
        return blocks;
    }

    @Override
    public void drain() {
        stages.drain();
        gossip.poke();
    }

    @Override
    public void duty(int percent) {
        engine.duty(percent);
    }

    @Override
    public void stopServing() {
        try {
            stages.removeAll();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        gossip.poke();
    }

    @Override
    public boolean awaitPipeline(Hash model, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            Manifest manifest = known(model, deadline).manifest();
            while (RoutePlanner.plan(manifest.blocks(), candidates(model)).isEmpty()) {
                if (System.nanoTime() >= deadline) {
                    return false;
                }
                Thread.sleep(TICK);
            }
            return true;
        } catch (GridException unknown) {
            return false;
        }
    }

    @Override
    public GenerationResult generate(GenerationRequest request, TokenListener tokens, BooleanSupplier cancelled)
            throws GridException, InterruptedException {
        HeldShards model = held(request.model())
                .orElseThrow(() -> new GridException.ShardMissing(
                        "expected a model that was seeded or fetched here, found " + request.model()));
        return gateway.generate(model.manifest(), request, tokens, cancelled);
    }

    // ---- snapshot

    @Override
    public GridSnapshot snapshot() {
        List<HeldShards> models = shelf.all();
        Map<PeerId, Multiaddr> connected = new HashMap<>();
        for (Connection connection : swarm.connections()) {
            connected.put(connection.remote(), connection.remoteAddress());
        }
        var peers = new ArrayList<GridSnapshot.Peer>();
        peers.add(view(announcement(), Duration.ZERO, Optional.empty(), true));
        for (PeerBook.Entry entry : book.peers()) {
            peers.add(view(
                    entry.announcement(),
                    entry.roundTrip(),
                    Optional.ofNullable(connected.get(entry.announcement().node())),
                    false));
        }
        return new GridSnapshot(
                peerId(),
                swarm.addresses().stream().map(Multiaddr::toString).toList(),
                reach(),
                peers,
                exchange.transfers(),
                exchange.downloadViews(),
                exchange.uploadViews(),
                models.stream().map(LiveNode::view).toList(),
                pipeline(models, connected),
                stages.sessions(),
                metrics.snapshot());
    }

    private List<GridSnapshot.PipelineStage> pipeline(List<HeldShards> models, Map<PeerId, Multiaddr> connected) {
        for (HeldShards model : models) {
            var route = RoutePlanner.plan(model.manifest().blocks(), candidates(model.root()));
            if (route.isPresent()) {
                var view = new ArrayList<GridSnapshot.PipelineStage>();
                for (Candidate stage : route.get()) {
                    Duration seen = gateway.stepTime(stage.peer(), stage.blocks());
                    view.add(new GridSnapshot.PipelineStage(
                            view.size(),
                            stage.blocks(),
                            stage.peer().toString(),
                            stage.device(),
                            seen.isZero() ? stage.step() : seen,
                            stage.peer().equals(swarm.self()) || connected.containsKey(stage.peer())));
                }
                return view;
            }
        }
        return List.of();
    }

    private GridSnapshot.Peer view(PeerBook.Entry entry, boolean connected) {
        var address = entry.announcement().addresses().stream().findFirst().filter(a -> connected);
        return view(entry.announcement(), entry.roundTrip(), address, false);
    }

    private static GridSnapshot.Peer view(
            Announcement announcement, Duration roundTrip, Optional<Multiaddr> connected, boolean self) {
        var serving = new ArrayList<GridSnapshot.Serving>();
        for (Announcement.Holding holding : announcement.holdings()) {
            for (Announcement.Serving stage : holding.serving()) {
                serving.add(new GridSnapshot.Serving(holding.model(), stage.blocks(), stage.stepTime()));
            }
        }
        return new GridSnapshot.Peer(
                announcement.node().toString(),
                announcement.addresses().stream()
                        .findFirst()
                        .or(() -> connected)
                        .map(Multiaddr::toString)
                        .orElse(""),
                announcement.roles(),
                announcement.device(),
                serving,
                announcement.freeSlots(),
                roundTrip,
                self || connected.isPresent(),
                connected
                        .map(a -> a.isRelayed() ? GridSnapshot.Way.RELAYED : GridSnapshot.Way.DIRECT)
                        .orElse(self ? GridSnapshot.Way.DIRECT : GridSnapshot.Way.NONE),
                self);
    }

    @Override
    public Optional<ReachabilityService> reachability() {
        return Optional.ofNullable(reachability);
    }

    private GridSnapshot.Reach reach() {
        var service = reachability;
        if (service == null) {
            return GridSnapshot.Reach.OFF;
        }
        var known = service.state();
        return new GridSnapshot.Reach(
                known.state().name().toLowerCase(Locale.ROOT),
                known.advice(),
                service.slots().size());
    }

    private static GridSnapshot.Model view(HeldShards shards) {
        Manifest manifest = shards.manifest();
        int here = 0;
        for (int i = 0; i < manifest.shards().size(); i++) {
            here += shards.complete(i) ? 1 : 0;
        }
        return new GridSnapshot.Model(
                shards.root(),
                manifest.name(),
                manifest.architecture(),
                manifest.licence(),
                manifest.blocks(),
                manifest.fileBytes(),
                here,
                manifest.shards().size());
    }

    @Override
    public void close() {
        gossip.close();
        stages.close();
        engine.close();
        seeding.interrupt();
        exchange.close();
        var reach = reachability;
        if (reach != null) {
            reach.close();
        }
        host.close();
        shelf.close();
    }
}
