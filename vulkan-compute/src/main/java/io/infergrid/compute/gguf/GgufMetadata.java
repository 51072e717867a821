package io.infergrid.compute.gguf;

import java.util.Map;

/**
 * The key-value section of a GGUF. Values are {@code Long} (every integer type), {@code Double} (both float types),
 * {@code Boolean}, {@code String}, or {@code List} of those.
 */
public record GgufMetadata(Map<String, Object> values) {

    public GgufMetadata {
        values = Map.copyOf(values);
    }
}
