package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.StreamHandler;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The protocols that a host serves. Thread-safe. */
final class Protocols {

    private final Map<String, Served> served = new ConcurrentHashMap<>();

    /** A protocol served here. */
    record Served(StreamHandler.WithConnection handler, HandlerOptions options) {}

    void add(String protocol, HandlerOptions options, StreamHandler.WithConnection handler) {
        if (served.putIfAbsent(protocol, new Served(handler, options)) != null) {
            throw new IllegalArgumentException(protocol + " is served already");
        }
    }

    boolean remove(String protocol) {
        return served.remove(protocol) != null;
    }

    boolean has(String protocol, boolean relayed) {
        var found = served.get(protocol);
        return found != null && (!relayed || found.options().onRelayed());
    }

    @Nullable
    Served get(String protocol) {
        return served.get(protocol);
    }

    List<String> names() {
        return served.keySet().stream().sorted().toList();
    }
}
