package io.infergrid.compute.benchmark;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * Tokens per second of a loaded stage with embedding and head, a line of JSON for each measurement: what the programs behind
 * docs/performance.md and docs/performance-vulkan.md print. Both wall time and the process's processor time are given, because the
 * second says something on a machine that other programs use as well.
 */
public final class StageSpeed {

    private static final com.sun.management.OperatingSystemMXBean PROCESS =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private StageSpeed() {}

    /**
     * A prompt of drawn tokens in a new session, and others after it.
     *
     * @return {@code run, promptTokensPerSecond, generatedTokensPerSecond, promptTokensPerProcessorSecond,
     *     generatedTokensPerProcessorSecond} as a line of JSON
     */
    public static String run(Stage stage, int prompt, int generated, int seed) {
        int[] ids = new Random(seed)
                .ints(prompt + generated, 0, stage.config().vocabulary())
                .toArray();
        try (var session = stage.open(prompt + generated)) {
            long start = System.nanoTime();
            long processor = PROCESS.getProcessCpuTime();
            session.forward(new StageInput.Tokens(Arrays.copyOf(ids, prompt)), LogitsWanted.LAST);
            long middle = System.nanoTime();
            long processorMiddle = PROCESS.getProcessCpuTime();
            for (int i = 0; i < generated; i++) {
                session.forward(new StageInput.Tokens(ids[prompt + i]), LogitsWanted.LAST);
            }
            return String.format(
                    Locale.ROOT,
                    "{\"run\":%d,\"promptTokensPerSecond\":%.1f,\"generatedTokensPerSecond\":%.2f,"
                            + "\"promptTokensPerProcessorSecond\":%.1f,\"generatedTokensPerProcessorSecond\":%.2f}",
                    seed,
                    1e9 * prompt / (middle - start),
                    1e9 * generated / (System.nanoTime() - middle),
                    1e9 * prompt / (processorMiddle - processor),
                    1e9 * generated / (PROCESS.getProcessCpuTime() - processorMiddle));
        }
    }

    /** Decoding of several sessions in one step each, after one that warms up. */
    public static String batch(Stage stage, int sessions, int generated) {
        var open = new ArrayList<StageSession>();
        int[] ids = new Random(sessions)
                .ints((long) sessions * (generated + 1), 0, stage.config().vocabulary())
                .toArray();
        long start = 0;
        long processor = 0;
        for (int session = 0; session < sessions; session++) {
            open.add(stage.open(generated + 1));
        }
        for (int i = 0; i <= generated; i++) {
            if (i == 1) {
                start = System.nanoTime();
                processor = PROCESS.getProcessCpuTime();
            }
            var works = new ArrayList<Stage.Work>();
            for (int session = 0; session < sessions; session++) {
                works.add(new Stage.Work(
                        open.get(session), new StageInput.Tokens(ids[i * sessions + session]), LogitsWanted.LAST));
            }
            stage.forward(works);
        }
        long nanos = System.nanoTime() - start;
        long processorNanos = PROCESS.getProcessCpuTime() - processor;
        open.forEach(StageSession::close);
        return String.format(
                Locale.ROOT,
                "{\"sessions\":%d,\"generatedTokensPerSecond\":%.2f,\"generatedTokensPerProcessorSecond\":%.2f}",
                sessions,
                1e9 * sessions * generated / nanos,
                1e9 * sessions * generated / processorNanos);
    }
}
