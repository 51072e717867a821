package io.infergrid.compute.reference;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;

/**
 * A program that calls {@code llama_model_quantize}: FOLDER_OF_LIBRARIES SOURCE TARGET FILE_TYPE [TARGET FILE_TYPE ...]. A program, so that what goes wrong in there does
 * not end the tests' JVM.
 */
final class LlamaCppQuantizer {

    /** At least the size of llama_model_quantize_params, which starts with the number of threads and the file type. */
    private static final MemoryLayout PARAMETERS =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(32, JAVA_LONG));

    private LlamaCppQuantizer() {}

    public static void main(String[] arguments) throws Throwable {
        Path folder = Path.of(arguments[0]);
        var arena = Arena.global();
        var linker = Linker.nativeLinker();
        System.load(folder.resolve("libggml-base.so").toString());
        var ggml = SymbolLookup.libraryLookup(library(folder, "libggml.v"), arena);
        linker.downcallHandle(
                        ggml.find("ggml_backend_load_all_from_path").orElseThrow(), FunctionDescriptor.ofVoid(ADDRESS))
                .invoke(arena.allocateFrom(folder.toString()));
        var llama = SymbolLookup.libraryLookup(library(folder, "libllama.v"), arena);
        var parameters = (MemorySegment) linker.downcallHandle(
                        llama.find("llama_model_quantize_default_params").orElseThrow(),
                        FunctionDescriptor.of(PARAMETERS))
                .invoke((SegmentAllocator) arena);
        var quantise = linker.downcallHandle(
                llama.find("llama_model_quantize").orElseThrow(),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
        parameters.set(JAVA_INT, 0, 1);
        for (int i = 2; i < arguments.length; i += 2) {
            parameters.set(JAVA_INT, 4, Integer.parseInt(arguments[i + 1]));
            int failed = (int)
                    quantise.invoke(arena.allocateFrom(arguments[1]), arena.allocateFrom(arguments[i]), parameters);
            if (failed != 0) {
                System.exit(failed);
            }
        }
        System.exit(0);
    }

    private static Path library(Path folder, String start) throws java.io.IOException {
        try (var files = java.nio.file.Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().startsWith(start))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
