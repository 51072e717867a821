package io.infergrid.app.cli;

import io.infergrid.app.core.BenchmarkRecord;
import io.infergrid.app.device.RigMemory;
import io.infergrid.app.store.Store;
import io.infergrid.compute.gguf.GgufException;
import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.plan.ModelFootprint;
import io.infergrid.compute.plan.StagePlanner.Budget;
import io.infergrid.compute.quantize.FileType;
import io.infergrid.compute.quantize.RandomLlama;
import io.infergrid.grid.model.ShardStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code infergrid plan}: which stages of a model a rig's memory holds, and what it would serve. Reads a header, no weights. */
@Command(
        name = "plan",
        description = "Say which stages of a model this rig's memory can hold and what it would serve with them.")
final class PlanCommand extends RigCommand {

    private static final String READ_FIGURE = "memory.read.GBps";
    private static final int USUAL_POSITIONS = 4096;

    @Parameters(
            paramLabel = "MODEL",
            description = {
                "A GGUF file (its header is enough), a folder of shards, or a shape:",
                "llama-3-8b, llama-3-70b, llama-2-70b, 1b."
            })
    @SuppressWarnings("NullAway.Init")
    String model;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "Type of the file of a shape (default: ${DEFAULT-VALUE}).")
    String type = "q4_k_m";

    @Option(
            names = "--memory",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            description =
                    "Memory for the model, e.g. 8GB or 7.5GiB (default: the graphics card's, else this computer's).")
    @Nullable
    Long memory;

    @Option(
            names = "--reserve",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            defaultValue = "512MiB",
            description = "Of that, kept free for driver, screen and buffers (default: ${DEFAULT-VALUE}).")
    long reserve;

    @Option(
            names = "--positions",
            paramLabel = "N",
            description = "Longest session, prompt and answer (default: 4096, or the model's context if shorter).")
    @Nullable
    Integer positions;

    @Option(
            names = "--sessions",
            paramLabel = "N",
            description = "Sessions that each stage must have room for (default: ${DEFAULT-VALUE}).")
    int sessions = 1;

    @Option(
            names = "--bandwidth",
            paramLabel = "GB/s",
            description = "Reading speed of the memory (default: that of the last stored benchmark).")
    @Nullable
    Double bandwidth;

    @Override
    public Integer call() throws IOException {
        boolean file = Files.exists(Path.of(model));
        ModelFootprint footprint = ModelFootprint.of(file ? header(Path.of(model)) : shape());
        String name = file ? footprint.name() : model + " " + type;
        int context = footprint.config().contextLength();
        int longest = positions == null ? Math.min(USUAL_POSITIONS, context) : positions;
        if (longest < 1 || longest > context || sessions < 1 || sessions > 10_000) {
            throw new Failure(
                    "expected 1 to " + context + " --positions (the model's context) and 1 to 10000 --sessions,"
                            + " found " + longest + " and " + sessions);
        }
        if (bandwidth != null && !(bandwidth > 0 && bandwidth < 1e6)) {
            throw new Failure("expected a --bandwidth above 0 and below 1000000 GB/s, found " + bandwidth);
        }
        RigMemory rig = memory == null ? RigMemory.ofThisMachine() : new RigMemory(memory, "--memory");
        if (rig.bytes() <= reserve) {
            throw new Failure(
                    "expected more --memory than --reserve, found " + rig.bytes() + " and " + reserve + " bytes");
        }
        var plan = new StagePlan(
                name, footprint, new Budget(rig.bytes(), reserve, sessions, longest), rig.where(), readingSpeed());
        if (common.json) {
            json(plan.map());
        } else {
            plan.lines().forEach(out()::println);
        }
        return plan.possible() ? 0 : 1;
    }

    private static GgufHeader header(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (var store = ShardStore.open(path)) {
                return store.header();
            }
        }
        try (var arena = Arena.ofConfined();
                var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return GgufHeader.read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (GgufException e) {
            throw new GgufException(path.getFileName() + ": " + e.getMessage(), e);
        }
    }

    private GgufHeader shape() {
        FileType fileType = FileType.named(type);
        try {
            return RandomLlama.header(RandomLlama.Shape.named(model), fileType);
        } catch (IllegalArgumentException e) {
            throw new Failure("expected a GGUF file, a folder of shards or a shape, found neither at " + model + "; "
                    + e.getMessage());
        }
    }

    private StagePlan.ReadingSpeed readingSpeed() {
        if (bandwidth != null) {
            return new StagePlan.ReadingSpeed(bandwidth * 1e9, "--bandwidth");
        }
        try (Store store =
                Store.openToRead(home().database(), Clock.systemUTC()).orElse(null)) {
            List<BenchmarkRecord> runs = store == null ? List.of() : store.benchmarks(1);
            Double read = runs.isEmpty() ? null : runs.getFirst().figures().get(READ_FIGURE);
            return read == null
                    ? new StagePlan.ReadingSpeed(
                            0, "no benchmark is stored: run 'infergrid bench', or name a --bandwidth")
                    : new StagePlan.ReadingSpeed(
                            read * 1e9,
                            READ_FIGURE + " of the benchmark of "
                                    + runs.getFirst().startedAt());
        }
    }
}
