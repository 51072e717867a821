package io.infergrid.compute.benchmark;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.function.LongConsumer;

/** How fast the processor reads and copies its memory with all its threads: what the CPU backend's device memory is. */
final class HostMemory implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final long bytesEach;
    private final MemorySegment from;
    private final MemorySegment to;

    /** Keeps the sums of {@link #read} from being thought useless. */
    private volatile long seen;

    HostMemory(long bytes) {
        bytesEach = bytes / threads / 64 * 64;
        from = arena.allocate(bytesEach * threads, 64);
        to = arena.allocate(bytesEach * threads, 64);
        from.fill((byte) 1);
        to.fill((byte) 2);
    }

    double read() {
        return rate(at -> {
            long a = 0;
            long b = 0;
            long c = 0;
            long d = 0;
            for (long i = at; i < at + bytesEach; i += 32) {
                a += from.get(ValueLayout.JAVA_LONG, i);
                b += from.get(ValueLayout.JAVA_LONG, i + 8);
                c += from.get(ValueLayout.JAVA_LONG, i + 16);
                d += from.get(ValueLayout.JAVA_LONG, i + 24);
            }
            seen = a + b + c + d;
        });
    }

    double copy() {
        return rate(at -> MemorySegment.copy(from, at, to, at, bytesEach));
    }

    /** Bytes a second that all threads together move, each its own part. */
    private double rate(LongConsumer part) {
        var running = new ArrayList<Thread>();
        long start = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            long at = i * bytesEach;
            running.add(Thread.ofPlatform().name("benchmark-memory-" + i).start(() -> part.accept(at)));
        }
        boolean interrupted = false;
        for (Thread thread : running) {
            while (true) {
                try {
                    thread.join();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return bytesEach * threads * 1e9 / (System.nanoTime() - start);
    }

    @Override
    public void close() {
        arena.close();
    }
}
