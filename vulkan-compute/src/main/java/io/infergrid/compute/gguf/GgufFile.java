package io.infergrid.compute.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A GGUF file, memory-mapped: tensors are slices of the mapping and cost no heap. Thread-safe. After {@link #close} every
 * access to a tensor's data throws {@link IllegalStateException}; close it after everything that reads from it.
 */
public final class GgufFile implements TensorSource, AutoCloseable {

    private final Path path;
    private final Arena arena;
    private final GgufHeader header;
    private final Map<String, GgufTensor> tensors;

    private GgufFile(Path path, Arena arena, GgufHeader header, Map<String, GgufTensor> tensors) {
        this.path = path;
        this.arena = arena;
        this.header = header;
        this.tensors = tensors;
    }

    /**
     * Maps and checks a file.
     *
     * @throws GgufException if it cannot be read, is no GGUF, or not a sound one; the message names the file
     */
    public static GgufFile open(Path path) {
        Arena arena = Arena.ofShared();
        try {
            GgufFile file = map(path, arena);
            arena = null;
            return file;
        } catch (GgufException unsound) {
            throw new GgufException(path.getFileName() + ": " + unsound.getMessage(), unsound);
        } catch (NoSuchFileException missing) {
            throw new GgufException("expected a GGUF file at " + path + ", found none", missing);
        } catch (IOException unreadable) {
            throw new GgufException("expected a readable GGUF file at " + path + ", found: " + unreadable, unreadable);
        } finally {
            if (arena != null) {
                arena.close();
            }
        }
    }

    private static GgufFile map(Path path, Arena arena) throws IOException {
        MemorySegment whole;
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
        GgufHeader.Parsed parsed = GgufHeader.parse(whole);
        return new GgufFile(path, arena, parsed.header(), tensors(parsed, whole));
    }

    private static Map<String, GgufTensor> tensors(GgufHeader.Parsed parsed, MemorySegment whole) {
        long dataStart = parsed.dataStart();
        long available = whole.byteSize() - dataStart;
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        for (GgufTensorInfo info : parsed.header().tensors()) {
            long bytes = info.byteSize();
            if (info.offset() > available || bytes > available - info.offset()) {
                throw new GgufException("tensor '" + GgufHeader.printable(info.name()) + "': expected " + bytes
                        + " bytes at " + info.offset() + " of the data, found " + Math.max(0, available)
                        + " bytes of data in the file");
            }
            tensors.put(info.name(), info.with(whole.asSlice(dataStart + info.offset(), bytes)));
        }
        return Collections.unmodifiableMap(tensors);
    }

    public Path path() {
        return path;
    }

    public GgufHeader header() {
        return header;
    }

    @Override
    public GgufMetadata metadata() {
        return header.metadata();
    }

    @Override
    public Set<String> tensorNames() {
        return tensors.keySet();
    }

    @Override
    public Optional<GgufTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public void close() {
        arena.close();
    }
}
