package io.infergrid.app.rig;

import io.infergrid.app.care.Care;
import io.infergrid.app.care.Sensors;
import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.ChatException;
import io.infergrid.app.core.Check;
import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.core.Telemetry;
import io.infergrid.app.device.ModelText;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.app.device.WantedDevice;
import io.infergrid.app.doctor.SelfTest;
import io.infergrid.app.grid.LocalGrid;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.InstanceLock;
import io.infergrid.app.settings.SettingsFile;
import io.infergrid.app.state.RigStateMachine;
import io.infergrid.app.store.Store;
import io.infergrid.compute.benchmark.Benchmark;
import io.infergrid.compute.benchmark.BenchmarkPlan;
import io.infergrid.compute.benchmark.BenchmarkReport;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.grid.GenerationRequest;
import io.infergrid.grid.GenerationResult;
import io.infergrid.grid.GridException;
import io.infergrid.grid.GridListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rig of one home. One thread, the conductor, brings the local grid up and down as the state machine wants it, and
 * publishes what the grid looks like; verbs only change the state machine, so they return at once.
 */
public final class RigService implements Rig {

    private static final Logger log = LoggerFactory.getLogger(RigService.class);

    private static final Duration LOOK_EVERY = Duration.ofMillis(400);
    private static final Duration PIPELINE_LIMIT = Duration.ofSeconds(180);
    private static final Duration RATE_SPAN = Duration.ofSeconds(3);
    private static final long LEAST_DISK_BYTES = 100L << 20;
    private static final int FAILURES_IN_A_ROW = 3;
    private static final int NOTICES = 100;

    /** Part of a benchmark's progress that opening the device takes. */
    private static final double OPENING = 0.2;

    private final Home home;
    private final Path model;
    private final Clock clock;
    private final RandomGenerator random;
    private final InstanceLock lock;
    private final Store store;
    private final SettingsFile settingsFile;
    private final RigStateMachine machine;
    private final ReentrantLock deviceLock = new ReentrantLock();

    private final ObservableValue<Settings> settings;
    private final ObservableValue<DeviceView> device =
            new ObservableValue<>(new DeviceView("", "", -1, false, "Not looked at yet."));
    private final ObservableValue<SwarmView> swarm = new ObservableValue<>(SwarmView.empty());
    private final ObservableValue<Double> tokensPerSecond = new ObservableValue<>(0.0);
    private final ObservableValue<List<Notice>> notices;
    private final ObservableValue<Long> jobsRevision = new ObservableValue<>(0L);

    private final TokenRate rate = new TokenRate(RATE_SPAN);
    private final Map<String, List<JobRecord.Window>> windows = new ConcurrentHashMap<>();
    private final Sessions sessions;

    private final Care care;
    private final Thread conductor;
    private final ReentrantLock wakeLock = new ReentrantLock();
    private final Condition wake = wakeLock.newCondition();
    private volatile boolean closing;
    private volatile int duty = 100;
    private volatile @Nullable LocalGrid grid;
    private volatile @Nullable ModelText text;
    // null for that of the settings
    private volatile @Nullable WantedDevice wantedDevice;
    // guarded by deviceLock
    private @Nullable Opened opened;
    private final List<OpenDevice> replaced = new ArrayList<>();
    private final AtomicBoolean workerGaveUp = new AtomicBoolean();
    private volatile String whyGaveUp = "";
    private int failures;
    private Set<String> knownPeers = Set.of();

    private RigService(
            Home home,
            Path model,
            Clock clock,
            RandomGenerator random,
            InstanceLock lock,
            Store store,
            Settings chosen,
            Supplier<Sensors> sensors) {
        this.home = home;
        this.model = model;
        this.clock = clock;
        this.random = random;
        this.lock = lock;
        this.store = store;
        this.settingsFile = new SettingsFile(home.settings());
        this.settings = new ObservableValue<>(chosen);
        this.machine = new RigStateMachine(clock);
        this.sessions = new Sessions(machine);
        this.notices = new ObservableValue<>(store.notices(NOTICES));
        this.care = new Care(sensors, () -> settings.get().limits(), clock, new Surroundings(), this::duty);
        this.conductor = Thread.ofPlatform().name("conductor").daemon().unstarted(this::conduct);
    }

    /** As the other, on a computer of which nothing is known. */
    public static RigService open(Home home, Path model, Clock clock, RandomGenerator random) throws IOException {
        return open(home, model, clock, random, Sensors::none);
    }

    /**
     * Opens the rig of a home; nothing runs before {@link #start}.
     *
     * @param model the GGUF file that the local grid serves
     * @param sensors finds out what the computer and its user are doing; called once, on a thread of its own
     * @throws AlreadyRunning if another process has this home
     */
    public static RigService open(Home home, Path model, Clock clock, RandomGenerator random, Supplier<Sensors> sensors)
            throws IOException {
        home.create();
        InstanceLock lock = InstanceLock.take(home)
                .orElseThrow(() ->
                        new AlreadyRunning("expected no other InferGrid on " + home.data() + ", found one that runs"));
        try {
            Store store = Store.open(home.database(), clock);
            var problems = new ArrayList<String>();
            store.recovery().ifPresent(problems::add);
            Settings chosen;
            try {
                chosen = new SettingsFile(home.settings()).read();
            } catch (IllegalArgumentException e) {
                chosen = Settings.defaults();
                problems.add("The settings could not be read and the defaults are used: " + e.getMessage());
            }
            var rig = new RigService(home, model, clock, random, lock, store, chosen, sensors);
            problems.forEach(problem -> rig.notice(Notice.Severity.WARNING, problem));
            rig.conductor.start();
            rig.care.start();
            return rig;
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Another process works with this home. */
    public static final class AlreadyRunning extends RuntimeException {

        private static final long serialVersionUID = 1;

        AlreadyRunning(String message) {
            super(message);
        }
    }

    /** Computes with another device than the settings say, as long as this rig is open. */
    public void use(WantedDevice other) {
        wantedDevice = other;
    }

    // ---- verbs

    @Override
    public void start() {
        machine.start();
        wakeUp();
    }

    @Override
    public void pause() {
        machine.pause();
        wakeUp();
    }

    @Override
    public void finishThenStop() {
        machine.finishThenStop();
        wakeUp();
    }

    // ---- what to show

    @Override
    public Observable<RigState> state() {
        return machine.state();
    }

    @Override
    public Observable<DeviceView> device() {
        return device;
    }

    @Override
    public Observable<SwarmView> swarm() {
        return swarm;
    }

    @Override
    public Observable<Double> tokensPerSecond() {
        return tokensPerSecond;
    }

    @Override
    public Observable<Telemetry> telemetry() {
        return care.telemetry();
    }

    @Override
    public Observable<List<Ability>> abilities() {
        return care.abilities();
    }

    @Override
    public Observable<List<Notice>> notices() {
        return notices;
    }

    @Override
    public List<Folder> folders() {
        return List.of(
                new Folder("config", home.config()),
                new Folder("data", home.data()),
                new Folder("cache", home.cache()),
                new Folder("state", home.state()),
                new Folder("logs", home.logs()));
    }

    @Override
    public void download(String modelRoot, DownloadOrder order) {
        LocalGrid running = grid;
        Downloads.order(running == null ? null : running.node(), modelRoot, order);
    }

    // ---- settings

    @Override
    public Observable<Settings> settings() {
        return settings;
    }

    @Override
    public void change(UnaryOperator<Settings> change) {
        synchronized (settings) {
            Settings next = change.apply(settings.get());
            if (!next.equals(settings.get())) {
                settingsFile.write(next);
                store.settingsChanged(SettingsFile.json(next));
                settings.set(next);
            }
        }
    }

    @Override
    public List<Check> selfTest() {
        return new SelfTest(home, clock).run(check -> {});
    }

    // ---- jobs and benchmarks

    @Override
    public List<JobRecord> jobs(String search, int limit) {
        return store.jobs(search, limit);
    }

    @Override
    public List<JobRecord.Window> windows(String jobId) {
        return store.windows(jobId);
    }

    @Override
    public Observable<Long> jobsRevision() {
        return jobsRevision;
    }

    @Override
    public List<BenchmarkRecord> benchmarks(int limit) {
        return store.benchmarks(limit);
    }

    @Override
    public BenchmarkRecord benchmark(BenchmarkListener listener, BooleanSupplier cancelled) {
        machine.block(new PauseReason.BenchmarkRunning());
        try {
            sessions.awaitNone(cancelled);
            Instant startedAt = clock.instant();
            OpenDevice ours = openDevice(
                    (step, fraction) -> listener.progress("Opening the device: " + step, fraction * OPENING),
                    cancelled);
            BenchmarkReport report;
            try (GgufFile file = GgufFile.open(model)) {
                report = Benchmark.run(
                        ours.backend(), BenchmarkPlan.of("demo", file), new AfterOpening(listener), cancelled);
            }
            return store.benchmarkDone(new BenchmarkRecord(
                    0,
                    startedAt,
                    report.device().name(),
                    report.backend(),
                    report.conformance().passed(),
                    report.conformance().digest(),
                    report.figures()));
        } finally {
            machine.unblock(PauseReason.BenchmarkRunning.class);
            wakeUp();
        }
    }

    private record AfterOpening(Rig.BenchmarkListener listener)
            implements io.infergrid.compute.benchmark.BenchmarkListener {
        @Override
        public void progress(String step, double fraction) {
            listener.progress(step, OPENING + fraction * (1 - OPENING));
        }

        @Override
        public void sample(String series, double seconds, double value) {
            listener.sample(series, seconds, value);
        }
    }

    // ---- answers

    @Override
    public ChatResult chat(
            List<ChatMessage> messages, ChatOptions options, ChatListener listener, BooleanSupplier cancelled) {
        return answer(text -> text.chat(messages), true, options, listener, cancelled);
    }

    @Override
    public ChatResult complete(String prompt, ChatOptions options, ChatListener listener, BooleanSupplier cancelled) {
        return answer(text -> text.plain(prompt), false, options, listener, cancelled);
    }

    private interface Encode {
        int[] prompt(ModelText text);
    }

    private ChatResult answer(
            Encode encode, boolean chat, ChatOptions options, ChatListener listener, BooleanSupplier cancelled) {
        if (!sessions.begin()) {
            throw new ChatException(
                    ChatException.Kind.UNAVAILABLE, machine.state().get().sentence());
        }
        try {
            LocalGrid serving = grid;
            ModelText words = text;
            if (serving == null || words == null) {
                throw new ChatException(
                        ChatException.Kind.UNAVAILABLE, machine.state().get().sentence());
            }
            int[] prompt = encode.prompt(words);
            var stops = new ArrayList<>(options.stop());
            stops.addAll(chat ? words.chatStopTexts() : List.of());
            var answer = new Answer(words, stops, listener, rate);
            Instant startedAt = clock.instant();
            GenerationResult result = serving.node()
                    .generate(
                            new GenerationRequest(
                                    serving.model(),
                                    prompt,
                                    options.maxTokens(),
                                    new GenerationRequest.Sampling(
                                            options.temperature(), 0, options.topP(), options.seed()),
                                    words.stopTokens()),
                            answer,
                            () -> answer.stopped() || cancelled.getAsBoolean() || closing || !machine.wantsWork());
            answer.finish();
            String reason = answer.stopped() ? "stop" : result.reason();
            store.jobEnded(
                    new JobRecord(
                            result.jobId(),
                            startedAt,
                            result.time().toMillis(),
                            words.name(),
                            reason.equals("cancelled") ? "cancelled" : "finished",
                            prompt.length,
                            result.tokens().length,
                            result.stages(),
                            result.transcriptSha256(),
                            ""),
                    windowsOf(result.jobId()));
            jobsRevision.update(revision -> revision + 1);
            return new ChatResult(
                    result.jobId(), answer.text(), prompt.length, result.tokens().length, result.time(), reason);
        } catch (GridException e) {
            throw asChatException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChatException(ChatException.Kind.FAILED, "interrupted");
        } finally {
            sessions.end();
            wakeUp();
        }
    }

    private static ChatException asChatException(GridException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e) {
            case GridException.NoRoute noRoute -> new ChatException(ChatException.Kind.UNAVAILABLE, message);
            case GridException.ShardMissing missing -> new ChatException(ChatException.Kind.UNAVAILABLE, message);
            case GridException.NoRoom full -> new ChatException(ChatException.Kind.UNAVAILABLE, message);
            case GridException.BadRequest bad -> new ChatException(ChatException.Kind.BAD_REQUEST, message);
            case GridException.PipelineLost lost -> new ChatException(ChatException.Kind.FAILED, message);
        };
    }

    private List<JobRecord.Window> windowsOf(String jobId) {
        List<JobRecord.Window> done = windows.remove(jobId);
        return done == null ? List.of() : List.copyOf(done);
    }

    /** Hears of the jobs of this gateway; those that end well are stored by {@link #answer}, which knows their text. */
    private final class Jobs implements GridListener {

        private String name(Job job) {
            return job.modelName();
        }

        @Override
        public void jobStarted(Job job) {
            windows.put(job.id(), new ArrayList<>());
            store.jobChanged(new JobRecord(
                    job.id(), job.startedAt(), 0, name(job), "running", job.promptTokens(), 0, job.stages(), "", ""));
            jobsRevision.update(revision -> revision + 1);
        }

        @Override
        public void windowDone(String jobId, Window window) {
            windows.computeIfPresent(jobId, (id, done) -> {
                done.add(new JobRecord.Window(
                        window.index(),
                        window.firstPosition(),
                        window.positions(),
                        window.tokensSha256(),
                        window.time().toMillis()));
                return done;
            });
        }

        @Override
        public void jobFailed(Job job, JobEnd end) {
            store.jobEnded(
                    new JobRecord(
                            job.id(),
                            job.startedAt(),
                            end.time().toMillis(),
                            name(job),
                            "failed",
                            job.promptTokens(),
                            end.completionTokens(),
                            end.stages(),
                            end.transcriptSha256(),
                            end.error()),
                    windowsOf(job.id()));
            jobsRevision.update(revision -> revision + 1);
        }

        @Override
        public void jobMoved(String jobId, String why, List<String> stages) {
            notice(Notice.Severity.WARNING, "A job went on over other workers: " + why);
        }
    }

    // ---- the conductor

    private void conduct() {
        Instant nextDiskLook = Instant.MIN;
        while (!closing) {
            try {
                machine.tick();
                if (!clock.instant().isBefore(nextDiskLook)) {
                    lookAtDisk();
                    nextDiskLook = clock.instant().plus(Duration.ofSeconds(10));
                }
                follow();
                publish();
                sleep();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                log.error("the conductor stumbled", e);
                failed(String.valueOf(e.getMessage()));
            }
        }
    }

    /** Makes the grid be up or down, as the state machine wants it. */
    private void follow() throws InterruptedException {
        if (workerGaveUp.getAndSet(false)) {
            tearDown();
            machine.block(new PauseReason.RepeatedFailure(whyGaveUp));
        }
        boolean wanted = machine.wantsWork();
        if (wanted && grid == null) {
            bringUp();
        } else if (!wanted && grid != null) {
            sessions.awaitNone(() -> false);
            tearDown();
        }
    }

    private void bringUp() throws InterruptedException {
        BooleanSupplier unwanted = () -> closing || !machine.wantsWork();
        Instant begin = clock.instant();
        try {
            OpenDevice ours = openDevice(
                    (what, fraction) -> machine.starting("Checking that this device computes the right bits."),
                    unwanted);
            ModelText words = ModelText.of(model);
            int workers = settings.get().workers();
            machine.starting("Starting " + workers + " workers.");
            int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / workers);
            LocalGrid next = LocalGrid.start(
                    new LocalGrid.Plan(
                            home,
                            model,
                            words.licence(),
                            workers,
                            ours.view().backend(),
                            ours.uuid(),
                            ours.conformanceDigest(),
                            threads,
                            settings.get().sharing()),
                    ours.backend(),
                    new Jobs(),
                    new WorkerEvents(),
                    clock,
                    random);
            grid = next;
            next.duty(duty);
            text = words;
            machine.starting("Workers are fetching their shards of " + words.name() + ".");
            if (next.awaitPipeline(PIPELINE_LIMIT, unwanted)) {
                failures = 0;
                machine.up("Serving " + words.name() + " over " + next.stages().size() + " stages on this computer.");
                log.info("the local grid came up in {}", Duration.between(begin, clock.instant()));
            } else if (unwanted.getAsBoolean()) {
                tearDown();
            } else {
                tearDown();
                failed("the workers did not cover the model within " + PIPELINE_LIMIT.toSeconds() + " s");
            }
        } catch (CancellationException e) {
            tearDown(); // what the user wants now comes first
        } catch (IOException | RuntimeException e) {
            log.error("the local grid did not come up", e);
            tearDown();
            failed(String.valueOf(e.getMessage()));
        }
    }

    private void failed(String why) {
        notice(Notice.Severity.ERROR, "The grid did not come up: " + why);
        failures++;
        if (failures >= FAILURES_IN_A_ROW) {
            failures = 0;
            machine.block(new PauseReason.RepeatedFailure(why));
        }
    }

    private void tearDown() {
        LocalGrid running = grid;
        grid = null;
        if (running != null) {
            running.close();
        }
        closeReplaced();
        knownPeers = Set.of();
        swarm.set(SwarmView.empty());
        machine.down();
    }

    /** What the computer and its user are doing holds the rig back or lets it go on. */
    private final class Surroundings implements Care.Listener {
        @Override
        public void holds(PauseReason reason) {
            machine.block(reason);
            if (grid != null) {
                wakeUp();
            }
        }

        @Override
        public void gone(Class<? extends PauseReason> kind) {
            machine.unblock(kind);
        }
    }

    private void duty(int percent) {
        duty = percent;
        LocalGrid running = grid;
        if (running != null) {
            running.duty(percent);
        }
    }

    private final class WorkerEvents implements LocalGrid.Events {
        @Override
        public void workerStartedAgain(String worker, String why, int time) {
            notice(
                    Notice.Severity.WARNING,
                    worker + " ended (" + why + ") and was started again, time " + time + ". No job was lost.");
        }

        @Override
        public void workerGaveUp(String worker, String why) {
            notice(Notice.Severity.ERROR, worker + " ended again (" + why + ") and is not started any more.");
            whyGaveUp = worker + " ended again and again (" + why + ").";
            workerGaveUp.set(true);
            wakeUp();
        }
    }

    private void publish() {
        tokensPerSecond.set(rate.now());
        LocalGrid running = grid;
        if (running == null) {
            return;
        }
        SwarmView view = SwarmViews.of(running.node().snapshot(), running.modelBlocks());
        swarm.set(view);
        Set<String> peers = new HashSet<>();
        view.peers().forEach(peer -> peers.add(peer.peerId() + peer.held()));
        if (!peers.equals(knownPeers)) {
            knownPeers = peers;
            store.peersSeen(view.peers());
        }
    }

    private void lookAtDisk() {
        try {
            if (Files.getFileStore(home.data()).getUsableSpace() < LEAST_DISK_BYTES) {
                machine.block(new PauseReason.DiskFull(home.data().toString()));
            } else {
                machine.unblock(PauseReason.DiskFull.class);
            }
        } catch (IOException e) {
            log.warn("could not look at the disk of {}", home.data(), e);
        }
    }

    private void sleep() throws InterruptedException {
        wakeLock.lock();
        try {
            if (!closing) {
                wake.awaitNanos(LOOK_EVERY.toNanos());
            }
        } finally {
            wakeLock.unlock();
        }
    }

    private void wakeUp() {
        wakeLock.lock();
        try {
            wake.signalAll();
        } finally {
            wakeLock.unlock();
        }
    }

    // ---- device and notices

    /** A device, and what was asked for when it was opened. */
    private record Opened(WantedDevice wanted, OpenDevice device) {}

    /** The device that is asked for, opened at the first use and again when the choice has changed. */
    private OpenDevice openDevice(OpenDevice.Progress progress, BooleanSupplier cancelled) {
        deviceLock.lock();
        try {
            Opened now = opened;
            WantedDevice chosen = wantedDevice;
            WantedDevice wanted = chosen == null ? WantedDevice.of(settings.get()) : chosen;
            if (now != null && now.wanted().equals(wanted)) {
                return now.device();
            }
            opened = null;
            if (now != null) {
                replaced.add(now.device());
                closeReplaced();
            }
            progress.check("Checking that this device computes the right bits", 0);
            OpenDevice next = OpenDevice.open(wanted, 0, progress, cancelled);
            opened = new Opened(wanted, next);
            device.set(next.view());
            return next;
        } finally {
            deviceLock.unlock();
        }
    }

    /** A grid was started on the device that it has; it is closed behind the grid. */
    private void closeReplaced() {
        deviceLock.lock();
        try {
            if (grid == null) {
                replaced.forEach(OpenDevice::close);
                replaced.clear();
            }
        } finally {
            deviceLock.unlock();
        }
    }

    private void notice(Notice.Severity severity, String words) {
        var notice = new Notice(clock.instant(), severity, words);
        log.info("notice: {}", words);
        store.happened(notice);
        notices.set(store.notices(NOTICES));
    }

    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        care.close();
        wakeUp();
        try {
            conductor.join(Duration.ofSeconds(30).toMillis());
            sessions.awaitNone(() -> false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tearDown();
        closeReplaced();
        Opened ours = opened;
        if (ours != null) {
            ours.device().close();
        }
        store.close();
        lock.close();
    }

    /** The backend that this rig computes with, opened if it is not yet; closed with the rig. */
    public Backend backend() {
        return openDevice(OpenDevice.Progress.SILENT, () -> closing).backend();
    }

    /** The database, e.g. for a summary. */
    public Path database() {
        return store.file();
    }
}
