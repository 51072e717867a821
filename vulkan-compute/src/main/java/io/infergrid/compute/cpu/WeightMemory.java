package io.infergrid.compute.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Linux is told about memory: the file's pages go when they have been repacked, so that a stage takes the room of its
 * weights once. And memory for weights is in huge pages where Linux has them: decoding reads all weights for every token, and a processor
 * prefetches within a page and looks up each page's address. Elsewhere, and for little, memory is the arena's.
 */
final class WeightMemory {

    private static final Logger LOG = LoggerFactory.getLogger(WeightMemory.class);

    private static final long HUGE_PAGE = 2L << 20;

    // <sys/mman.h> of Linux
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;

    private static final long PAGE = 4096;

    private static final Optional<WeightMemory> LINUX = linux();

    private final MethodHandle map;
    private final MethodHandle advise;
    private final MethodHandle unmap;

    private WeightMemory(Linker linker) {
        map = function(
                linker,
                "mmap",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        advise = function(linker, "madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        unmap = function(linker, "munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
    }

    private static MethodHandle function(Linker linker, String name, FunctionDescriptor descriptor) {
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    private static Optional<WeightMemory> linux() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new WeightMemory(Linker.nativeLinker()));
        } catch (RuntimeException | Error unavailable) {
            LOG.info("No huge pages for weights: {}", unavailable.toString());
            return Optional.empty();
        }
    }

    /** Zeros, aligned to 64 bytes at least, which go when the arena is closed. */
    static MemorySegment allocate(long bytes, Arena arena) {
        if (bytes >= HUGE_PAGE && LINUX.isPresent()) {
            MemorySegment mapped = LINUX.get().map(bytes, arena);
            if (mapped != null) {
                return mapped;
            }
        }
        return arena.allocate(bytes, 64);
    }

    /**
     * Says that a part of a mapped file has been read: its pages leave this process at once, and stay in the system's cache as
     * long as that likes. Reading the part again works.
     */
    static void release(MemorySegment part) {
        if (part.isMapped() && LINUX.isPresent()) {
            LINUX.get().dontNeed(part);
        }
    }

    private void dontNeed(MemorySegment part) {
        // whole pages only: the next part begins in the last one; pages larger than 4 KiB are not named by halves
        long from = (part.address() + PAGE - 1) / PAGE * PAGE;
        long bytes = (part.address() + part.byteSize()) / PAGE * PAGE - from;
        if (bytes <= 0) {
            return;
        }
        try {
            int ignored = (int) advise.invokeExact(MemorySegment.ofAddress(from), bytes, MADV_DONTNEED);
        } catch (Throwable thrown) {
            throw new IllegalStateException("releasing pages of a file failed", thrown);
        }
    }

    private @Nullable MemorySegment map(long bytes, Arena arena) {
        try {
            var at = (MemorySegment)
                    map.invokeExact(MemorySegment.NULL, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
            if (at.address() == -1) {
                return null;
            }
            // best effort: without huge pages it is memory all the same
            int ignored = (int) advise.invokeExact(at, bytes, MADV_HUGEPAGE);
            return at.reinterpret(bytes, arena, memory -> unmap(memory, bytes));
        } catch (Throwable thrown) {
            throw new IllegalStateException("mapping memory for weights failed", thrown);
        }
    }

    private void unmap(MemorySegment memory, long bytes) {
        try {
            int ignored = (int) unmap.invokeExact(memory, bytes);
        } catch (Throwable thrown) {
            throw new IllegalStateException("unmapping memory of weights failed", thrown);
        }
    }
}
