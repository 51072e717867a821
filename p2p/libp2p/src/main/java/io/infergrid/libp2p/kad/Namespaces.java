package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.kad.RecordNamespace.Verdict;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The namespaces that a node knows the rules of. Immutable. */
final class Namespaces {

    private final Map<String, RecordNamespace> byName = new HashMap<>();

    Namespaces(List<RecordNamespace> all) {
        for (var namespace : all) {
            if (byName.put(namespace.name(), namespace) != null) {
                throw new IllegalArgumentException("expected one namespace " + namespace.name() + ", found two");
            }
        }
    }

    /** The rules for a key {@code /<namespace>/...}, null if there are none. */
    @Nullable
    RecordNamespace of(byte[] key) {
        if (key.length < 3 || key[0] != '/') {
            return null;
        }
        int end = 1;
        while (end < key.length && key[end] != '/') {
            end++;
        }
        return end == key.length || end == key.length - 1
                ? null
                : byName.get(new String(key, 1, end - 1, StandardCharsets.ISO_8859_1));
    }

    /** Whether a value may be kept under a key. A namespace without rules and a value too long are refused, and no crime. */
    Verdict check(byte[] key, byte[] value, Instant now) {
        var namespace = of(key);
        if (namespace == null || value.length > namespace.maxBytes()) {
            return Verdict.IGNORE;
        }
        return namespace.check(key, value, now);
    }
}
