package io.infergrid.compute.cpu;

import io.infergrid.compute.engine.Stage;
import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageSession;
import io.infergrid.compute.engine.StageSession.LogitsWanted;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The program behind docs/performance.md: tokens per second of the CPU backend on a GGUF, a line of JSON for each run, with
 * the memory bandwidth that a plain read reaches in the same process before them, and the most memory that was held. Both wall
 * time and the process's processor time are given, because the second says something on a machine that other programs use as
 * well. Then, for each further number, decoding of so many sessions together.
 *
 * <pre>CpuSpeed MODEL.gguf [threads] [runs] [prompt tokens] [generated tokens] [sessions ...]</pre>
 */
public final class CpuSpeed {

    private static final long READ_BYTES = 512L << 20;
    private static final com.sun.management.OperatingSystemMXBean PROCESS =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private CpuSpeed() {}

    public static void main(String[] arguments) {
        if (arguments.length < 1) {
            System.err.println(
                    "expected MODEL.gguf [threads] [runs] [prompt tokens] [generated tokens] [sessions ...]");
            System.exit(2);
        }
        int threads = number(arguments, 1, Runtime.getRuntime().availableProcessors());
        int runs = number(arguments, 2, 5);
        int prompt = number(arguments, 3, 128);
        int generated = number(arguments, 4, 32);
        double readBytesPerSecond = readBytesPerSecond(threads);
        try (var file = GgufFile.open(Path.of(arguments[0]));
                var cpu = new CpuBackend(threads);
                var stage = cpu.load(
                        file, StageSpec.whole(ModelConfig.of(file.metadata()).blocks()))) {
            System.out.printf(
                    Locale.ROOT,
                    "{\"model\":\"%s\",\"device\":\"%s\",\"weightBytes\":%d,\"readBytesPerSecond\":%.4g}%n",
                    Path.of(arguments[0]).getFileName(),
                    cpu.device(),
                    stage.weightBytes(),
                    readBytesPerSecond);
            for (int run = 0; run < runs; run++) {
                System.out.println(run(stage, prompt, generated, run));
            }
            System.out.printf(Locale.ROOT, "{\"peakResidentBytes\":%d}%n", peakResidentBytes());
            for (int i = 5; i < arguments.length; i++) {
                System.out.println(batch(stage, number(arguments, i, 1), generated));
            }
        }
    }

    private static int number(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }

    private static String run(Stage stage, int prompt, int generated, int seed) {
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
    private static String batch(Stage stage, int sessions, int generated) {
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

    /** The most memory that this process has held, mapped files included; 0 where the system does not say. */
    private static long peakResidentBytes() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException elsewhere) {
            return 0;
        }
    }

    /** The best of some reads of half a gigabyte with every thread: what decoding, which reads all weights, can reach. */
    private static double readBytesPerSecond(int threads) {
        try (var arena = Arena.ofShared();
                var workers = new Workers(threads)) {
            MemorySegment memory = arena.allocate(READ_BYTES, 64).fill((byte) 1);
            var sum = new AtomicLong();
            double best = 0;
            int part = 1 << 20;
            for (int i = 0; i < 12; i++) {
                long start = System.nanoTime();
                workers.forEach(
                        (int) (READ_BYTES / part),
                        4,
                        (worker, from, to) -> sum.addAndGet(sum(memory, (long) from * part, (long) to * part)));
                best = Math.max(best, 1e9 * READ_BYTES / (System.nanoTime() - start));
            }
            return best;
        }
    }

    private static long sum(MemorySegment memory, long from, long to) {
        var species = LongVector.SPECIES_PREFERRED;
        LongVector even = LongVector.zero(species);
        LongVector odd = even;
        int step = species.vectorByteSize();
        for (long at = from; at < to; at += 2L * step) {
            even = even.add(LongVector.fromMemorySegment(species, memory, at, Lanes.ORDER));
            odd = odd.add(LongVector.fromMemorySegment(species, memory, at + step, Lanes.ORDER));
        }
        return even.add(odd).reduceLanes(VectorOperators.ADD);
    }
}
