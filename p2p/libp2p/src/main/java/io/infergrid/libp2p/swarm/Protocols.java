package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Stream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The protocols that a host serves. Thread-safe. */
final class Protocols {

    private final Map<String, Served> served = new ConcurrentHashMap<>();

    /**
     * A protocol served here.
     *
     * @param maxInbound streams of it that one connection may have open
     */
    record Served(Handler handler, int maxInbound) {}

    /** What runs for an inbound stream. */
    interface Handler {
        void handle(PeerConnection connection, Stream stream) throws java.io.IOException;
    }

    void add(String protocol, int maxInbound, Handler handler) {
        if (served.putIfAbsent(protocol, new Served(handler, maxInbound)) != null) {
            throw new IllegalArgumentException(protocol + " is served already");
        }
    }

    void add(String protocol, int maxInbound, Consumer<Stream> handler) {
        add(protocol, maxInbound, (_, stream) -> handler.accept(stream));
    }

    boolean has(String protocol) {
        return served.containsKey(protocol);
    }

    @Nullable
    Served get(String protocol) {
        return served.get(protocol);
    }

    List<String> names() {
        return served.keySet().stream().sorted().toList();
    }
}
