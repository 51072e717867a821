package io.infergrid.app.cli;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.device.OpenDevice;
import io.infergrid.app.paths.Home;
import io.infergrid.app.paths.InstanceLock;
import io.infergrid.app.store.Store;
import io.infergrid.compute.benchmark.Benchmark;
import io.infergrid.compute.benchmark.BenchmarkListener;
import io.infergrid.compute.benchmark.BenchmarkPlan;
import io.infergrid.compute.benchmark.BenchmarkReport;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code infergrid bench}: memory, transfers, kernels and tokens per second of one device, stored like the window's runs. */
@Command(
        name = "bench",
        description = "Benchmark a device: conformance, memory, transfers, kernels, tokens per second.")
final class BenchCommand extends RigCommand {

    private static final long TRANSFER_BYTES = 64L << 20;

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    BackendOptions device = new BackendOptions();

    @Option(
            names = "--prompt",
            paramLabel = "N",
            description = "Prompt tokens of a prefill (default: ${DEFAULT-VALUE}).")
    int prompt = 64;

    @Option(names = "--generate", paramLabel = "N", description = "Tokens of a decode (default: ${DEFAULT-VALUE}).")
    int generate = 32;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            description = "How long each figure is measured (default: ${DEFAULT-VALUE}).")
    double seconds = 1;

    @Option(names = "--no-store", description = "Do not keep the run in the database.")
    boolean noStore;

    @Override
    public Integer call() throws IOException {
        if (prompt < 1 || generate < 1 || !(seconds > 0 && seconds <= 600)) {
            throw new Failure("expected --prompt and --generate of 1 or more and up to 600 --seconds, found " + prompt
                    + ", " + generate + " and " + seconds);
        }
        device.check();
        Path file = model.file();
        Instant startedAt = Clock.systemUTC().instant();
        try (var interruption = Interruption.asked();
                OpenDevice opened = OpenDevice.unchecked(
                        device.backend(), device.choice(), device.threads, interruption.requested());
                GgufFile gguf = GgufFile.open(file)) {
            check(ModelConfig.of(gguf.metadata()).contextLength());
            String name =
                    model.model == null ? "demo" : file.getFileName().toString().replaceFirst("\\.gguf$", "");
            var plan = new BenchmarkPlan(
                    name, gguf, prompt, generate, Duration.ofMillis((long) (seconds * 1000)), TRANSFER_BYTES);
            BenchmarkReport report;
            try {
                report = Benchmark.run(opened.backend(), plan, new Progress(), interruption.requested());
            } finally {
                err().printf(Locale.ROOT, "\r%-60s\r", "");
                err().flush();
            }
            boolean stored = !noStore && store(report, startedAt);
            print(report, opened, stored);
            return report.conformance().passed() ? 0 : 1;
        }
    }

    private void check(int contextLength) {
        if (prompt > contextLength - generate) {
            throw new Failure("expected --prompt and --generate of at most " + contextLength
                    + " tokens together, the model's context, found " + prompt + " and " + generate);
        }
    }

    private final class Progress implements BenchmarkListener {
        @Override
        public void progress(String step, double fraction) {
            err().printf(Locale.ROOT, "\r%3.0f %%  %-50s", fraction * 100, step);
            err().flush();
        }

        @Override
        public void sample(String series, double atSeconds, double value) {
            // the window draws these
        }
    }

    /** A window that runs on this home is the writer of its database then, and this run is not kept. */
    private boolean store(BenchmarkReport report, Instant startedAt) throws IOException {
        Home home = home().create();
        try (InstanceLock lock = InstanceLock.take(home).orElse(null)) {
            if (lock == null) {
                return false;
            }
            try (Store store = Store.open(home.database(), Clock.systemUTC())) {
                store.benchmarkDone(new BenchmarkRecord(
                        0,
                        startedAt,
                        report.device().name(),
                        report.backend(),
                        report.conformance().passed(),
                        report.conformance().digest(),
                        report.figures()));
                return true;
            }
        }
    }

    private void print(BenchmarkReport report, OpenDevice opened, boolean stored) {
        if (common.json) {
            var map = new LinkedHashMap<String, Object>();
            map.put("backend", report.backend());
            map.put("device", report.device());
            map.put("note", opened.view().note());
            map.put("conformant", report.conformance().passed());
            map.put("conformanceDigest", report.conformance().digest());
            map.put("signature", report.signature());
            map.put("figures", report.figures());
            map.put("skipped", report.skipped());
            map.put("millis", report.took().toMillis());
            map.put("stored", stored);
            json(map);
            return;
        }
        out().println(report.device().name() + " (" + report.backend() + ", "
                + report.device().driver() + ")");
        if (!opened.view().note().isEmpty()) {
            out().println(opened.view().note());
        }
        report.figures().forEach((figure, value) -> out().printf(Locale.ROOT, "%-54s %12.2f%n", figure, value));
        report.skipped().forEach((figure, why) -> out().printf(Locale.ROOT, "%-54s %12s  %s%n", figure, "-", why));
        if (!report.device().link().isEmpty()) {
            out().println("link to the processor: " + report.device().link());
        }
        if (!report.device().nvLink().isEmpty()) {
            out().println("NVLink: " + report.device().nvLink());
        }
        out().println(report.conformance().summary() + ".");
        out().println("signature " + report.signature());
        if (!stored && !noStore) {
            err().println("Not stored: another InferGrid uses this home.");
        }
    }
}
