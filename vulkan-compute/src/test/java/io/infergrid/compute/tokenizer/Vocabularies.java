package io.infergrid.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.compute.gguf.GgufMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;

/** The vocabularies under {@code src/test/resources/tokenizers}, each read once. */
final class Vocabularies {

    static final List<String> NAMES = List.of("llama-spm", "phi-3", "gpt-2", "starcoder", "deepseek-llm");

    private static final Map<String, Tokenizer> READ = new ConcurrentHashMap<>();

    private Vocabularies() {}

    static Tokenizer tokenizer(String name) {
        return READ.computeIfAbsent(name, _ -> Tokenizer.of(metadata(name)));
    }

    static GgufMetadata metadata(String name) {
        try (var packed = new GZIPInputStream(open(name + ".gguf.gz"))) {
            return GgufMetadata.read(MemorySegment.ofArray(packed.readAllBytes()));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    static String text(String file) {
        try (InputStream in = open(file)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static InputStream open(String file) {
        return Objects.requireNonNull(Vocabularies.class.getResourceAsStream("/tokenizers/" + file), file);
    }
}
