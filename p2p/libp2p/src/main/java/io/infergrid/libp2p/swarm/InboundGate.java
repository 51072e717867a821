package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Access;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Limits;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides who may connect: how many may be in their handshake, how many may stay, how many may come a second, in all and from one
 * address. An IPv6 address stands for its /56, which is what one household gets; of a /48 there may be only so many connections,
 * however many of its /56 they come from. Loopback and allowed networks are exempt, and what comes over
 * a relay (no address) counts only in all. Thread-safe.
 */
final class InboundGate {

    private static final int MAX_ADDRESSES = 16_384;
    private static final int SITE_BYTES = 48 / 8;

    private final Limits.Connections limits;
    private final Access access;
    private final Map<ByteBuffer, Source> sources = new HashMap<>();
    /** Open connections by IPv6 /48; no more entries than open connections. */
    private final Map<ByteBuffer, Integer> sites = new HashMap<>();

    private int pending;
    private int open;

    InboundGate(Limits limits, Access access) {
        this.limits = limits.connections();
        this.access = access;
    }

    private boolean isCounted(@Nullable InetAddress address) {
        return address != null && !address.isLoopbackAddress() && !access.exempts(address);
    }

    private static final class Source {
        int pending;
        int open;
        double tokens;
        long refilled;
    }

    /** Asks for a new connection; empty if it may come, and then {@link #settled} must follow, else the limit it ran into. */
    synchronized Optional<Event> knock(@Nullable InetAddress address, long nowNanos) {
        if (address != null && !access.admits(address)) {
            return Optional.of(Event.REFUSED_DENIED);
        }
        if (pending >= limits.pending()) {
            return Optional.of(Event.REFUSED_PENDING);
        }
        if (open >= limits.open()) {
            return Optional.of(Event.REFUSED_CONNECTIONS);
        }
        if (address != null && isCounted(address)) {
            var source = source(address, nowNanos);
            if (source == null || source.tokens < 1) {
                return Optional.of(Event.REFUSED_RATE);
            }
            if (source.pending >= limits.pendingPerAddress()) {
                return Optional.of(Event.REFUSED_PENDING);
            }
            if (source.open >= limits.openPerAddress() || siteIsFull(address)) {
                return Optional.of(Event.REFUSED_CONNECTIONS);
            }
            source.tokens--;
            source.pending++;
        }
        pending++;
        return Optional.empty();
    }

    /** The handshake of a connection that was let in is over, one way or the other. */
    synchronized void settled(@Nullable InetAddress address) {
        pending--;
        var source = address == null ? null : sources.get(key(address));
        if (source != null && source.pending > 0) {
            source.pending--;
        }
    }

    /** A connection, inbound or not, is open; false if there are too many, and then it must be closed. */
    synchronized boolean opened(@Nullable InetAddress address, boolean inbound, long nowNanos) {
        if (inbound && open >= limits.open()) {
            return false;
        }
        if (address != null && isCounted(address)) {
            var source = source(address, nowNanos);
            if (inbound && (source == null || source.open >= limits.openPerAddress() || siteIsFull(address))) {
                return false;
            }
            if (source != null) {
                source.open++;
            }
        }
        open++;
        site(address).ifPresent(site -> sites.merge(site, 1, Integer::sum));
        return true;
    }

    synchronized void closed(@Nullable InetAddress address) {
        open--;
        site(address).ifPresent(site -> sites.computeIfPresent(site, (_, count) -> count == 1 ? null : count - 1));
        var source = address == null ? null : sources.get(key(address));
        if (source != null && source.open > 0) {
            source.open--;
        }
    }

    private boolean siteIsFull(InetAddress address) {
        return site(address).map(site -> sites.getOrDefault(site, 0)).orElse(0) >= limits.openPerSite();
    }

    private static Optional<ByteBuffer> site(@Nullable InetAddress address) {
        return address instanceof Inet6Address
                ? Optional.of(ByteBuffer.wrap(address.getAddress(), 0, SITE_BYTES))
                : Optional.empty();
    }

    private @Nullable Source source(InetAddress address, long now) {
        if (sources.size() >= MAX_ADDRESSES) {
            sources.values().removeIf(s -> s.pending == 0 && s.open == 0 && refill(s, now) >= burst());
        }
        var key = key(address);
        var source = sources.get(key);
        if (source == null) {
            if (sources.size() >= MAX_ADDRESSES) {
                return null;
            }
            source = new Source();
            source.tokens = burst();
            source.refilled = now;
            sources.put(key, source);
        }
        double _ = refill(source, now);
        return source;
    }

    private double refill(Source source, long now) {
        source.tokens = Math.min(burst(), source.tokens + (now - source.refilled) / 1e9 * limits.inboundPerSecond());
        source.refilled = now;
        return source.tokens;
    }

    private double burst() {
        return 4.0 * limits.inboundPerSecond();
    }

    private static ByteBuffer key(InetAddress address) {
        var bytes = address.getAddress();
        return ByteBuffer.wrap(bytes, 0, bytes.length == 16 ? 7 : bytes.length);
    }
}
