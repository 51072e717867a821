package io.infergrid.compute.cpu;

import io.infergrid.compute.benchmark.StageSpeed;
import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
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
                System.out.println(StageSpeed.run(stage, prompt, generated, run));
            }
            System.out.printf(Locale.ROOT, "{\"peakResidentBytes\":%d}%n", peakResidentBytes());
            for (int i = 5; i < arguments.length; i++) {
                System.out.println(StageSpeed.batch(stage, number(arguments, i, 1), generated));
            }
        }
    }

    private static int number(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
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
