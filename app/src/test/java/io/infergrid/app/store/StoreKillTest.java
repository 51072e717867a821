package io.infergrid.app.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.app.core.JobRecord;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a writing process again and again: what it had reported as finished must be there afterwards. */
class StoreKillTest {

    private static final int ROUNDS = 6;

    @TempDir
    Path directory;

    /** The child: writes jobs as fast as it can and reports each one that the store says is on the disk. */
    static final class Writer {
        public static void main(String[] args) {
            Store store = Store.open(Path.of(args[0]), Clock.systemUTC());
            System.out.println("open");
            for (int i = 0; ; i++) {
                String id = args[1] + "-" + i;
                store.jobChanged(job(id, "running", List.of()));
                store.jobEnded(
                        job(id, "finished", List.of("peerA", "peerB")),
                        List.of(new JobRecord.Window(0, 0, 32, "aa", 10), new JobRecord.Window(1, 32, 8, "bb", 10)));
                System.out.println(id);
            }
        }

        private static JobRecord job(String id, String state, List<String> stages) {
            return new JobRecord(id, Instant.now(), 10, "demo", state, 5, 35, stages, "ab", "");
        }
    }

    @Test
    void every_job_that_was_reported_finished_outlives_kill_9_at_any_moment() throws Exception {
        Path file = directory.resolve("infergrid.db");
        long seed = System.nanoTime();
        var random = new Random(seed);
        var reported = new ArrayList<String>();
        for (int round = 0; round < ROUNDS; round++) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx128m",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Writer.class.getName(),
                            file.toString(),
                            "round" + round)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            int enough = 3 + random.nextInt(60);
            try (BufferedReader lines = child.inputReader()) {
                assertThat(lines.readLine()).isEqualTo("open");
                for (int i = 0; i < enough; i++) {
                    reported.add(lines.readLine());
                }
                // somewhere inside one of the next transactions
                long until = System.nanoTime() + random.nextInt(4_000_000);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                child.toHandle().destroyForcibly(); // Process.destroyForcibly would also drop what it had said
                assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
                // what it still had time to say counts as well
                for (String line; (line = lines.readLine()) != null; ) {
                    if (line.matches("round\\d+-\\d+")) {
                        reported.add(line);
                    }
                }
            }
            try (Store store = Store.open(file, Clock.systemUTC())) {
                assertThat(store.recovery()).as("seed %d", seed).isEmpty();
                var finished = new HashSet<String>();
                for (JobRecord job : store.jobs("finished", 100_000)) {
                    finished.add(job.id());
                }
                // a last line may have been cut off by the kill: then it names an earlier job, which is there too
                assertThat(finished).as("seed %d", seed).containsAll(reported);
                assertThat(store.windows(reported.getLast()))
                        .as("seed %d", seed)
                        .hasSize(2);
                assertThat(store.jobs("running", 10)).isEmpty();
            }
        }
    }
}
