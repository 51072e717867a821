package io.infergrid.compute.benchmark;

import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.conformance.ConformanceReport;
import io.infergrid.compute.conformance.SeededModel;
import io.infergrid.compute.engine.Backend;
import io.infergrid.compute.engine.Boundary;
import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.TensorType;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.vulkan.BandwidthProbe;
import io.infergrid.compute.vulkan.DeviceFacts;
import io.infergrid.compute.vulkan.DeviceKind;
import io.infergrid.compute.vulkan.OrderProbe;
import io.infergrid.compute.vulkan.VulkanBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;

/**
 * Measures a backend: its conformance, its memory, its transfers, its matrix kernels, and a model's tokens a second. Every
 * figure is the median of what was seen in a second; every measurement is also a sample for a live plot.
 */
public final class Benchmark {

    private static final double GIGA = 1e9;
    // conformance, two of memory, two of transfers, two matrices, prefill, decode, two of the order, two batches of
    // each, two
    // contexts
    private static final int STEPS = 17;
    private static final int FEWEST_RUNS = 3;

    private static final int MATRIX_ROWS = 4096;
    private static final int MATRIX_COLUMNS = 1024;
    private static final int MATRIX_POSITIONS = 32;

    private static final List<Integer> BATCHES = List.of(8, 32);
    private static final List<Integer> CONTEXTS = List.of(512, 4096);
    /** A prompt may take so many times as long as a figure is measured. */
    private static final int LONGEST_PROMPT = 60;
    /** Tokens of each prompt of a batch. */
    private static final int BATCH_PROMPT = 8;

    private final Backend backend;
    private final BenchmarkPlan plan;
    private final BenchmarkListener listener;
    private final BooleanSupplier cancelled;
    private final long start = System.nanoTime();
    private final Map<String, Double> figures = new LinkedHashMap<>();
    private final Map<String, String> skipped = new LinkedHashMap<>();
    private int stepsDone;

    private Benchmark(Backend backend, BenchmarkPlan plan, BenchmarkListener listener, BooleanSupplier cancelled) {
        this.backend = backend;
        this.plan = plan;
        this.listener = listener;
        this.cancelled = cancelled;
    }

    /**
     * Runs a benchmark; blocks for about {@code 17 * plan.perFigure()}, up to {@code 60 * plan.perFigure()} for a long prompt, and
     * the time that a device compiles its kernels.
     *
     * @param cancelled asked between measurements
     * @throws CancellationException after {@code cancelled} has said true
     */
    public static BenchmarkReport run(
            Backend backend, BenchmarkPlan plan, BenchmarkListener listener, BooleanSupplier cancelled) {
        return new Benchmark(backend, plan, listener, cancelled).run();
    }

    private BenchmarkReport run() {
        ConformanceReport conformance = conformance();
        if (backend instanceof VulkanBackend vulkan) {
            deviceMemory(vulkan);
        } else {
            hostMemory();
        }
        matrix(TensorType.Q8_0);
        matrix(TensorType.F32);
        if (backend instanceof VulkanBackend vulkan) {
            order(vulkan);
        } else {
            stepsDone += 2;
        }
        model();
        listener.progress("done", 1);
        return new BenchmarkReport(
                backend.name(), device(), figures, skipped, conformance, Duration.ofNanos(System.nanoTime() - start));
    }

    private BenchmarkReport.Device device() {
        if (backend instanceof VulkanBackend vulkan) {
            DeviceFacts facts = vulkan.facts();
            long budget = facts.heaps().stream()
                    .filter(DeviceFacts.Heap::deviceLocal)
                    .mapToLong(DeviceFacts.Heap::budgetBytes)
                    .max()
                    .orElse(-1);
            CardLinks links = facts.kind() == DeviceKind.CPU ? new CardLinks("", "") : CardLinks.of(facts);
            return new BenchmarkReport.Device(
                    facts.name(),
                    facts.kind().name().toLowerCase(Locale.ROOT),
                    facts.driver(),
                    facts.deviceMemoryBytes(),
                    budget,
                    facts.uuid(),
                    links.pcie(),
                    links.nvLink());
        }
        return new BenchmarkReport.Device(
                backend.device(),
                "cpu",
                System.getProperty("java.vm.name") + " " + Runtime.version(),
                Runtime.getRuntime().maxMemory(),
                -1,
                "",
                "",
                "");
    }

    private ConformanceReport conformance() {
        ConformanceReport report = Conformance.run(
                backend,
                cancelled,
                (operation, fraction) ->
                        listener.progress("conformance: " + operation, (stepsDone + fraction) / STEPS));
        stepsDone++;
        requireNotCancelled();
        return report;
    }

    private void deviceMemory(VulkanBackend vulkan) {
        try (var probe = new BandwidthProbe(vulkan, plan.transferBytes())) {
            measure("memory.read.GBps", "reading device memory", () -> probe.read() / GIGA);
            measure("memory.copy.GBps", "copying device memory", () -> probe.copy() / GIGA);
            measure("transfer.toDevice.GBps", "sending to the device", () -> probe.toDevice() / GIGA);
            measure("transfer.fromDevice.GBps", "fetching from the device", () -> probe.fromDevice() / GIGA);
        }
    }

    /** The processor's memory is its device memory: nothing is transferred. */
    private void hostMemory() {
        try (var memory = new HostMemory(plan.transferBytes())) {
            measure("memory.read.GBps", "reading memory", () -> memory.read() / GIGA);
            measure("memory.copy.GBps", "copying memory", () -> memory.copy() / GIGA);
        }
        stepsDone += 2;
    }

    /** Multiply-adds a second of a matrix with a batch of positions, as a prefill has it. */
    private void matrix(TensorType type) {
        var shape = new SeededModel.Shape("llama", MATRIX_COLUMNS, 1, 16, 16, 64, 32, MATRIX_ROWS, 64, type, true);
        var input = new Boundary(MATRIX_POSITIONS, MATRIX_COLUMNS, constantHalves(MATRIX_POSITIONS * MATRIX_COLUMNS));
        double multiplyAdds = (double) MATRIX_ROWS * MATRIX_COLUMNS * MATRIX_POSITIONS;
        String name = type.name().toLowerCase(Locale.ROOT);
        try (var stage = backend.load(SeededModel.of(shape, 1), new StageSpec(1, 1, false, true));
                var session = stage.open(MATRIX_POSITIONS)) {
            measure("matrix." + name + ".GMACps", "multiplying " + name + " matrices", () -> {
                session.rewind(0);
                return multiplyAdds / GIGA / seconds(session, input, LogitsWanted.ALL);
            });
        }
    }

    /** What IG1's order of sums costs in a decode and in a prefill. */
    private void order(VulkanBackend vulkan) {
        for (int tokens : new int[] {1, MATRIX_POSITIONS}) {
            String key = "order.q8_0." + (tokens == 1 ? "decode" : "prefill") + ".ratio";
            try (var probe = new OrderProbe(vulkan, TensorType.Q8_0, MATRIX_ROWS, MATRIX_COLUMNS, tokens)) {
                measure(key, "comparing orders of sums", probe::ratio);
            }
        }
    }

    private static byte[] constantHalves(int count) {
        var wire = new byte[count * 2];
        for (int i = 0; i < count; i++) {
            wire[2 * i + 1] = (byte) (i % 3 == 0 ? 0x3c : 0xb8); // 1 and -0.5
        }
        return wire;
    }

    private void model() {
        ModelConfig config = ModelConfig.of(plan.model().metadata());
        String name = plan.modelName();
        listener.progress("loading " + name, (double) stepsDone / STEPS);
        try (var stage = backend.load(plan.model(), StageSpec.whole(config.blocks()));
                var session = stage.open(plan.promptTokens() + plan.generatedTokens())) {
            var prompt = new int[plan.promptTokens()];
            Arrays.setAll(prompt, i -> someToken(stage, i));
            measure(name + ".prefill.tokensPerSecond", "reading a prompt with " + name, () -> {
                session.rewind(0);
                return prompt.length / seconds(session, new StageInput.Tokens(prompt), LogitsWanted.LAST);
            });
            measure(name + ".decode.tokensPerSecond", "writing tokens with " + name, () -> {
                if (session.position() == plan.promptTokens() + plan.generatedTokens()) {
                    session.rewind(plan.promptTokens());
                }
                return 1
                        / seconds(
                                session,
                                new StageInput.Tokens(someToken(stage, session.position())),
                                LogitsWanted.LAST);
            });
            BATCHES.forEach(sessions -> batch(stage, sessions));
            CONTEXTS.forEach(positions -> context(stage, positions));
        }
    }

    /** Tokens a second of several sessions together: a short prompt of each in one step, and a token of each. */
    private void batch(Stage stage, int sessions) {
        int prompt = Math.min(BATCH_PROMPT, plan.promptTokens());
        int most = prompt + plan.generatedTokens();
        var open = new ArrayList<StageSession>();
        try {
            for (int i = 0; i < sessions; i++) {
                open.add(stage.open(most));
            }
            String batch = ".batch" + sessions + ".tokensPerSecond";
            measure(plan.modelName() + ".prefill" + batch, "reading " + sessions + " prompts together", () -> {
                open.forEach(session -> session.rewind(0));
                return together(stage, open, prompt);
            });
            measure(plan.modelName() + ".decode" + batch, "writing tokens with " + sessions + " sessions", () -> {
                if (open.getFirst().position() == most) {
                    open.forEach(session -> session.rewind(prompt));
                }
                return together(stage, open, 1);
            });
        } finally {
            open.forEach(StageSession::close);
        }
    }

    /** Tokens a second of one step that takes so many of each session. */
    private static double together(Stage stage, List<StageSession> sessions, int each) {
        List<Stage.Work> work = sessions.stream()
                .map(session -> {
                    var tokens = new int[each];
                    Arrays.setAll(tokens, i -> someToken(stage, session.position() + i));
                    return new Stage.Work(session, new StageInput.Tokens(tokens), LogitsWanted.LAST);
                })
                .toList();
        long from = System.nanoTime();
        stage.forward(work);
        return sessions.size() * each * GIGA / (System.nanoTime() - from);
    }

    /** A long prompt, read once, and tokens that follow it; skipped where the model or the time does not allow it. */
    private void context(Stage stage, int positions) {
        String prefill = plan.modelName() + ".prefill.context" + positions + ".tokensPerSecond";
        String decode = plan.modelName() + ".decode.context" + positions + ".tokensPerSecond";
        double expected = positions / figures.getOrDefault(plan.modelName() + ".prefill.tokensPerSecond", 1.0);
        double most = LONGEST_PROMPT * plan.perFigure().toNanos() / GIGA;
        int room = stage.config().contextLength() - positions;
        if (room < 1 || expected > most) {
            String reason = room < 1
                    ? "the model's context is " + stage.config().contextLength() + " positions"
                    : String.format(
                            Locale.ROOT,
                            "its prompt would take %.0f s, more than the %.0f s that are %d times a figure's",
                            expected,
                            most,
                            LONGEST_PROMPT);
            skipped.put(prefill, reason);
            skipped.put(decode, reason);
            stepsDone++;
            return;
        }
        int end = positions + Math.min(room, plan.generatedTokens());
        try (var session = stage.open(end)) {
            listener.progress("reading a prompt of " + positions + " tokens", (double) stepsDone / STEPS);
            double seconds = 0;
            while (session.position() < positions) {
                requireNotCancelled();
                var tokens = new int[Math.min(MATRIX_POSITIONS, positions - session.position())];
                Arrays.setAll(tokens, i -> someToken(stage, session.position() + i));
                seconds += seconds(session, new StageInput.Tokens(tokens), LogitsWanted.LAST);
                listener.sample(prefill, (System.nanoTime() - start) / GIGA, session.position() / seconds);
            }
            figures.put(prefill, positions / seconds);
            measure(decode, "writing tokens after " + positions, () -> {
                if (session.position() == end) {
                    session.rewind(positions);
                }
                return 1
                        / seconds(
                                session,
                                new StageInput.Tokens(someToken(stage, session.position())),
                                LogitsWanted.LAST);
            });
        }
    }

    private static int someToken(Stage stage, int position) {
        return (int) (position * 104_729L % stage.config().vocabulary());
    }

    private static double seconds(StageSession session, StageInput input, LogitsWanted wanted) {
        long from = System.nanoTime();
        session.forward(input, wanted);
        return (System.nanoTime() - from) / GIGA;
    }

    /** Takes the median of the measurements of some time, after one that warms up. */
    private void measure(String key, String step, DoubleSupplier measurement) {
        listener.progress(step, (double) stepsDone / STEPS);
        requireNotCancelled();
        double warmUp = measurement.getAsDouble();
        if (!(warmUp > 0)) {
            throw new IllegalStateException("expected a positive " + key + ", found " + warmUp);
        }
        List<Double> seen = new ArrayList<>();
        long until = System.nanoTime() + plan.perFigure().toNanos();
        while (seen.size() < FEWEST_RUNS || System.nanoTime() < until) {
            requireNotCancelled();
            double value = measurement.getAsDouble();
            seen.add(value);
            listener.sample(key, (System.nanoTime() - start) / GIGA, value);
        }
        seen.sort(Double::compare);
        figures.put(key, seen.get(seen.size() / 2));
        stepsDone++;
    }

    private void requireNotCancelled() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the benchmark was cancelled");
        }
    }
}
