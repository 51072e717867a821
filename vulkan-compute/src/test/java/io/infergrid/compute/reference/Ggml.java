package io.infergrid.compute.reference;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.compute.gguf.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** llama.cpp's tensor library, of the npm package that {@link LlamaCpp} runs: how it packs and unpacks rows. */
final class Ggml {

    private final SymbolLookup library;

    private Ggml(SymbolLookup library) {
        this.library = library;
    }

    /** Skips the test where the package is missing. */
    static Ggml assumePresent() {
        Path file = LlamaCpp.LIBRARIES.resolve("libggml-base.so").toAbsolutePath();
        assumeTrue(
                Files.isRegularFile(file),
                "skipped: llama.cpp's library is missing; run npm ci --ignore-scripts --omit=optional in "
                        + "vulkan-compute/src/test/node");
        return new Ggml(SymbolLookup.libraryLookup(file, Arena.global()));
    }

    /** Rows of a quantised type from floats, without weights of importance. */
    byte[] quantise(TensorType type, float[] x, int columns) throws Throwable {
        try (var arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocateFrom(JAVA_FLOAT, x);
            long rows = x.length / columns;
            MemorySegment target = arena.allocate(rows * type.rowBytes(columns), 64);
            var call = Linker.nativeLinker()
                    .downcallHandle(
                            library.find("ggml_quantize_chunk").orElseThrow(),
                            FunctionDescriptor.of(
                                    JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS));
            long bytes = (long) call.invoke(type.id(), source, target, 0L, rows, (long) columns, MemorySegment.NULL);
            return target.asSlice(0, bytes).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        }
    }

    /** Floats from blocks of a quantised type. */
    float[] dequantise(TensorType type, byte[] blocks) throws Throwable {
        long elements = (long) blocks.length / type.blockBytes() * type.blockElements();
        // dequantize_row_q4_K: the types of 32 in lower case throughout
        String name = type.name().endsWith("_K")
                ? type.name().toLowerCase(Locale.ROOT).replace("_k", "_K")
                : type.name().toLowerCase(Locale.ROOT);
        try (var arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(blocks.length, 64);
            source.copyFrom(MemorySegment.ofArray(blocks));
            MemorySegment target = arena.allocate(elements * 4, 64);
            Linker.nativeLinker()
                    .downcallHandle(
                            library.find("dequantize_row_" + name).orElseThrow(),
                            FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG))
                    .invoke(source, target, elements);
            return target.toArray(JAVA_FLOAT);
        }
    }
}
