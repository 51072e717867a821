package io.infergrid.grid.model;

import io.infergrid.compute.gguf.GgufHeader;
import io.infergrid.compute.gguf.GgufMetadata;
import io.infergrid.compute.gguf.GgufTensor;
import io.infergrid.compute.gguf.GgufTensorInfo;
import io.infergrid.compute.gguf.TensorSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tensors of mapped shards. Close it after everything that reads from it: later access throws {@link IllegalStateException}. */
public final class OpenTensors implements TensorSource, AutoCloseable {

    private final Arena arena;
    private final GgufMetadata metadata;
    private final Map<String, GgufTensor> tensors;

    private OpenTensors(Arena arena, GgufMetadata metadata, Map<String, GgufTensor> tensors) {
        this.arena = arena;
        this.metadata = metadata;
        this.tensors = tensors;
    }

    /**
     * @param arena of the mappings; closed with the result
     * @param header the model's
     * @param located finds bytes of the GGUF file
     */
    static OpenTensors of(Arena arena, GgufHeader header, Located located) {
        long dataStart = ModelCutter.dataStart(header);
        var tensors = new LinkedHashMap<String, GgufTensor>();
        for (GgufTensorInfo info : header.tensors()) {
            MemorySegment data = located.at(dataStart + info.offset(), info.byteSize());
            if (data != null) {
                tensors.put(info.name(), info.with(data.asReadOnly()));
            }
        }
        return new OpenTensors(arena, header.metadata(), Collections.unmodifiableMap(tensors));
    }

    /** Where bytes of the GGUF file are mapped. */
    @FunctionalInterface
    interface Located {
        /** The bytes {@code [offset, offset + bytes)} of the file, null if they are not at hand. */
        @Nullable
        MemorySegment at(long offset, long bytes);
    }

    @Override
    public GgufMetadata metadata() {
        return metadata;
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
