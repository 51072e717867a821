package io.infergrid.app.cli;

import io.infergrid.grid.exchange.ExchangeBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code infergrid bench-exchange}: how fast shards travel, beside a raw stream. */
@Command(
        name = "bench-exchange",
        description = "Measure how fast shards travel between hosts on this computer, beside a raw stream.")
final class BenchExchangeCommand extends RigCommand {

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            defaultValue = "256MiB",
            description = "Of the model that is sent (default: ${DEFAULT-VALUE}, at most 1GiB).")
    long size;

    @Option(names = "--rounds", paramLabel = "N", description = "By turns (default: ${DEFAULT-VALUE}).")
    int rounds = 5;

    @Option(
            names = "--limit",
            paramLabel = "BYTES",
            converter = ByteCount.class,
            defaultValue = "20MiB",
            description = "What each of four sources sends a second in the last part (default: ${DEFAULT-VALUE}).")
    long limit;

    @Override
    public Integer call() throws Exception {
        if (size < 8 << 20 || size > 1 << 30 || rounds < 1 || limit < 1 << 20) {
            throw new Failure("expected a --size of 8MiB to 1GiB, --rounds of 1 or more and a --limit of 1MiB or more,"
                    + " found " + size + ", " + rounds + " and " + limit);
        }
        Path folder = Files.createTempDirectory(home().create().cache(), "bench-exchange");
        try {
            Map<String, Double> figures =
                    new ExchangeBenchmark(folder, new ExchangeBenchmark.Plan(size, rounds, limit), new Random()).run();
            if (common.json) {
                json(figures);
            } else {
                figures.forEach((name, value) -> out().printf(Locale.ROOT, "%-32s %10.3f%n", name, value));
            }
            return 0;
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
