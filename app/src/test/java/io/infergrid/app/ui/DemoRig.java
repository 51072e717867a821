package io.infergrid.app.ui;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.core.Check;
import io.infergrid.app.core.DeviceView;
import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.JobRecord;
import io.infergrid.app.core.Notice;
import io.infergrid.app.core.ObservableValue;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.Settings;
import io.infergrid.app.core.SwarmView;
import io.infergrid.app.core.Telemetry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A rig made of values that a test sets: the window's counterpart where no grid is wanted. */
public final class DemoRig implements Rig {

    public static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
    public static final List<String> PEERS = List.of(
            "12D3KooWQ8sTnV4cGk2yLrZb5hXwPj9uEa7mDfBt6NiRs3vCqA1x",
            "12D3KooWMf7pRw2kHx9zJtC4gYbVu8nEs5aLdQi6BoZr1cTvXk3h",
            "12D3KooWBd5vXk8rTq1mNcZ7jWyGh3fPe6sAuLo2KiVt4bRnCz9w",
            "12D3KooWZe4nLc6tYh8bKvR2qJxMs7gWp5dFuAi1GoTr9mBvQk5j");

    public final ObservableValue<RigState> state = new ObservableValue<>(new RigState.Idle());
    public final ObservableValue<DeviceView> device = new ObservableValue<>(new DeviceView("", "cpu", -1, false, ""));
    public final ObservableValue<SwarmView> swarm = new ObservableValue<>(SwarmView.empty());
    public final ObservableValue<Double> tokensPerSecond = new ObservableValue<>(0.0);
    public final ObservableValue<Telemetry> telemetry = new ObservableValue<>(Telemetry.UNKNOWN);
    public final ObservableValue<List<Ability>> abilities = new ObservableValue<>(List.of(
            new Ability("full-screen", true, "the X server's active window"),
            new Ability("programs", true, "the system's list of processes"),
            new Ability("idle", false, "no display"),
            new Ability("power", true, "the system's power sources"),
            new Ability("others-on-card", true, "what the kernel's graphics driver says of each program"),
            new Ability("card", true, "the driver of Radeon RX 7800 XT")));
    public final ObservableValue<List<Notice>> notices = new ObservableValue<>(List.of());
    public final ObservableValue<Settings> settings =
            new ObservableValue<>(Settings.defaults().withWelcomeDone(true));
    public final ObservableValue<Long> jobsRevision = new ObservableValue<>(0L);
    public final List<JobRecord> jobs = new ArrayList<>();
    public final List<BenchmarkRecord> benchmarks = new ArrayList<>();
    public final List<Check> checks = new ArrayList<>();
    public volatile Duration tokenPace = Duration.ZERO;
    public volatile boolean storeBroken;
    public volatile boolean closed;

    /** A rig that works in a grid of four, with jobs and benchmark runs stored. */
    public static DemoRig working() {
        var rig = new DemoRig();
        rig.state.set(new RigState.Running("Serving stages of infergrid-demo with 3 workers."));
        rig.device.set(new DeviceView(
                "llvmpipe (LLVM 15.0.6, 256 bits)",
                "vulkan",
                8L << 30,
                true,
                "A software Vulkan driver: slower than a GPU."));
        rig.swarm.set(rig.fullSwarm());
        rig.tokensPerSecond.set(41.7);
        for (var i = 0; i < 48; i++) {
            rig.jobs.add(rig.job(i));
        }
        for (var i = 0; i < 6; i++) {
            rig.benchmarks.add(rig.benchmark(i));
        }
        return rig;
    }

    public SwarmView fullSwarm() {
        var peers = List.of(
                new SwarmView.Peer(
                        PEERS.get(0), "/ip4/127.0.0.1/tcp/40101", "gateway", "llvmpipe", "", Duration.ZERO, true),
                new SwarmView.Peer(
                        PEERS.get(1),
                        "/ip4/127.0.0.1/tcp/40102",
                        "worker",
                        "llvmpipe",
                        "0-1",
                        Duration.ofNanos(410_000),
                        false),
                new SwarmView.Peer(
                        PEERS.get(2),
                        "/ip4/127.0.0.1/tcp/40103",
                        "worker",
                        "llvmpipe",
                        "2-3",
                        Duration.ofNanos(388_000),
                        false),
                new SwarmView.Peer(
                        PEERS.get(3),
                        "/ip4/127.0.0.1/tcp/40104",
                        "worker",
                        "llvmpipe",
                        "3-5",
                        Duration.ofNanos(455_000),
                        false));
        var transfers = List.of(
                new SwarmView.Transfer(
                        "infergrid-demo",
                        "",
                        1_060_000,
                        2_413_000,
                        false,
                        "running",
                        210_000,
                        Duration.ofSeconds(6),
                        2,
                        "ab".repeat(32)),
                new SwarmView.Transfer("block 3", PEERS.get(0), 402_112, 402_112, true),
                new SwarmView.Transfer("block 4", PEERS.get(0), 402_112, 402_112, true),
                new SwarmView.Transfer("block 5", PEERS.get(2), 254_000, 402_112, false));
        var pipeline = List.of(
                new SwarmView.StageView(0, 0, 2, PEERS.get(1), "llvmpipe", Duration.ofNanos(6_420_000), true),
                new SwarmView.StageView(1, 2, 4, PEERS.get(2), "llvmpipe", Duration.ofNanos(5_980_000), true),
                new SwarmView.StageView(2, 4, 6, PEERS.get(3), "llvmpipe", Duration.ofNanos(8_110_000), true));
        return new SwarmView(
                PEERS.getFirst(), List.of("/ip4/127.0.0.1/tcp/40101"), peers, transfers, "infergrid-demo", 6, pipeline);
    }

    public JobRecord job(int i) {
        var state = i == 0 ? "running" : i % 11 == 4 ? "failed" : i % 7 == 3 ? "cancelled" : "finished";
        var tokens = state.equals("failed") ? 0 : 40 + i * 37 % 150;
        return new JobRecord(
                "job-%08x".formatted(0x5ee1f00d + i * 7919),
                NOON.minus(Duration.ofMinutes(i * 17L)),
                tokens * 24L + 130,
                "infergrid-demo",
                state,
                12 + i % 9,
                tokens,
                PEERS.subList(1, 4),
                state.equals("failed") ? "" : "9f2c%060x".formatted(i),
                state.equals("failed") ? "stage 2 did not answer within 5 s" : "");
    }

    private BenchmarkRecord benchmark(int i) {
        var drift = 1 + Math.sin(i * 2.1) / 20;
        return new BenchmarkRecord(
                6 - i,
                NOON.minus(Duration.ofHours(i * 26L)),
                "llvmpipe (LLVM 15.0.6, 256 bits)",
                "vulkan",
                true,
                "4be1c7a09d3f5528e6b1047ac93d88f15e02b7c4a6d91f3087e45cba12d6903f",
                Map.of(
                        "memory.read.GBps", 9.8 * drift,
                        "memory.write.GBps", 6.1 * drift,
                        "integer.dot.GOPS", 38.2 * drift,
                        "float.multiply.GFLOPS", 21.4 * drift,
                        "transfer.toDevice.GBps", 4.9 * drift,
                        "transfer.fromDevice.GBps", 4.4 * drift,
                        "demo.prefill.tokensPerSecond", 402 * drift,
                        "demo.decode.tokensPerSecond", 118 * drift));
    }

    @Override
    public void start() {
        state.set(new RigState.Running("Serving stages of infergrid-demo with 3 workers."));
        swarm.set(fullSwarm());
    }

    @Override
    public void pause() {
        state.set(new RigState.Paused(List.of(new PauseReason.ByUser())));
    }

    @Override
    public void finishThenStop() {
        state.set(new RigState.Idle());
    }

    /** What was said about downloads, e.g. {@code PAUSE 0011...}. */
    public final List<String> orders = new CopyOnWriteArrayList<>();

    @Override
    public void download(String modelRoot, DownloadOrder order) {
        orders.add(order + " " + modelRoot);
    }

    @Override
    public ObservableValue<RigState> state() {
        return state;
    }

    @Override
    public ObservableValue<DeviceView> device() {
        return device;
    }

    @Override
    public ObservableValue<SwarmView> swarm() {
        return swarm;
    }

    @Override
    public ObservableValue<Telemetry> telemetry() {
        return telemetry;
    }

    @Override
    public ObservableValue<List<Ability>> abilities() {
        return abilities;
    }

    @Override
    public ObservableValue<Double> tokensPerSecond() {
        return tokensPerSecond;
    }

    @Override
    public ObservableValue<List<Notice>> notices() {
        return notices;
    }

    @Override
    public ObservableValue<Settings> settings() {
        return settings;
    }

    @Override
    public void change(UnaryOperator<Settings> change) {
        settings.update(change);
    }

    @Override
    public List<Check> selfTest() {
        return List.copyOf(checks);
    }

    @Override
    public List<Folder> folders() {
        return List.of(
                new Folder("config", Path.of("/home/ada/.config/infergrid")),
                new Folder("data", Path.of("/home/ada/.local/share/infergrid")),
                new Folder("cache", Path.of("/home/ada/.cache/infergrid")),
                new Folder("logs", Path.of("/home/ada/.local/state/infergrid/logs")));
    }

    @Override
    public List<JobRecord> jobs(String search, int limit) {
        if (storeBroken) {
            throw new IllegalStateException("database is locked");
        }
        return jobs.stream()
                .filter(job -> search.isEmpty() || job.toString().contains(search))
                .limit(limit)
                .toList();
    }

    @Override
    public List<JobRecord.Window> windows(String jobId) {
        var job = jobs.stream()
                .filter(candidate -> candidate.id().equals(jobId))
                .findFirst()
                .orElseThrow();
        var windows = new ArrayList<JobRecord.Window>();
        var all = job.promptTokens() + job.completionTokens();
        for (var first = 0; first < all; first += 32) {
            var count = Math.min(32, all - first);
            windows.add(new JobRecord.Window(first / 32, first, count, "77ab%060x".formatted(first), count * 24L));
        }
        return windows;
    }

    @Override
    public ObservableValue<Long> jobsRevision() {
        return jobsRevision;
    }

    @Override
    public BenchmarkRecord benchmark(BenchmarkListener listener, BooleanSupplier cancelled) {
        for (var i = 0; i <= 40 && !cancelled.getAsBoolean(); i++) {
            listener.progress(i < 20 ? "Memory" : "Tokens", i / 40.0);
            listener.sample(
                    i < 20 ? "memory.read.GBps" : "demo.decode.tokensPerSecond",
                    i / 4.0,
                    i < 20 ? 9 + Math.sin(i) : 110 + i % 7);
            pace();
        }
        var record = benchmark(benchmarks.size());
        benchmarks.addFirst(record);
        return record;
    }

    @Override
    public List<BenchmarkRecord> benchmarks(int limit) {
        if (storeBroken) {
            throw new IllegalStateException("database is locked");
        }
        return benchmarks.stream().limit(limit).toList();
    }

    @Override
    public ChatResult chat(
            List<ChatMessage> messages, ChatOptions options, ChatListener listener, BooleanSupplier cancelled) {
        if (!(state.get() instanceof RigState.Running)) {
            throw new IllegalStateException("expected a running rig, found one that is stopped");
        }
        var words = ("Once upon a time there was a small fox who lived under an old oak tree. Every morning the fox "
                        + "walked to the river to see the fish. One day the fox found a red kite in the grass. "
                        + "\"Whose kite is this?\" asked the fox. The owl helped the fox to bring the kite home, and "
                        + "they were good friends from that day on.")
                .split("(?<= )");
        var text = new StringBuilder();
        var count = 0;
        for (var word : words) {
            if (cancelled.getAsBoolean() || count == options.maxTokens()) {
                break;
            }
            text.append(word);
            listener.token(
                    word,
                    List.of(
                            new Hop(0, PEERS.get(1), Duration.ofNanos(6_100_000 + count * 7919 % 900_000)),
                            new Hop(1, PEERS.get(2), Duration.ofNanos(5_700_000 + count * 104_729 % 800_000)),
                            new Hop(2, PEERS.get(3), Duration.ofNanos(7_900_000 + count * 15_485 % 1_200_000))));
            count++;
            pace();
        }
        var reason = cancelled.getAsBoolean() ? "cancelled" : count == options.maxTokens() ? "length" : "stop";
        jobs.addFirst(job(jobs.size()));
        jobsRevision.update(revision -> revision + 1);
        return new ChatResult(jobs.getFirst().id(), text.toString(), 14, count, Duration.ofMillis(count * 21L), reason);
    }

    @Override
    public ChatResult complete(String prompt, ChatOptions options, ChatListener listener, BooleanSupplier cancelled) {
        return chat(List.of(new ChatMessage("user", prompt)), options, listener, cancelled);
    }

    private void pace() {
        if (!tokenPace.isZero()) {
            java.util.concurrent.locks.LockSupport.parkNanos(tokenPace.toNanos());
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
