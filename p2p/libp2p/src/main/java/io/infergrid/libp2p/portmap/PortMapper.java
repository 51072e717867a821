package io.infergrid.libp2p.portmap;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.portmap.Gateway.Transport;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a port forwarded by the router: asks by PCP, NAT-PMP, then UPnP, renews at half of the lease, asks anew ten minutes after a
 * refusal, and takes the forwarding back when closed. {@link #tick} does the work and blocks for some seconds at most; call it from
 * one thread, as often as wanted.
 */
public final class PortMapper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PortMapper.class);

    /** How long a lease is asked for. */
    public static final Duration LIFETIME = Duration.ofHours(1);

    private static final Duration SHORTEST = Duration.ofMinutes(1);
    private static final Duration RETRY = Duration.ofMinutes(10);

    private final int port;
    private final Transport transport;
    private final Search search;
    private @Nullable Gateway gateway;
    private int external;
    private Instant due = Instant.MIN;
    private volatile Result result = new Result(Optional.empty(), "the router was not asked yet");
    private boolean closed;

    /** Finds the routers to ask, best first. */
    @FunctionalInterface
    interface Search {
        List<Attempt> routers();
    }

    /** One way to a router. */
    @FunctionalInterface
    interface Attempt {
        Gateway gateway() throws IOException;
    }

    /**
     * What came of it.
     *
     * @param external where the port is outside, if it is forwarded
     * @param words by which router it is, or why it is not
     */
    public record Result(Optional<Multiaddr> external, String words) {}

    PortMapper(int port, Transport transport, Search search) {
        this.port = port;
        this.transport = transport;
        this.search = search;
        external = port;
    }

    /** For a TCP port that this machine listens on; asks the router of the default route. */
    public static PortMapper tcp(int port, RandomGenerator random) {
        return new PortMapper(port, Transport.TCP, () -> routers(random));
    }

    /** For a UDP port, as QUIC has one. */
    public static PortMapper udp(int port, RandomGenerator random) {
        return new PortMapper(port, Transport.UDP, () -> routers(random));
    }

    private static List<Attempt> routers(RandomGenerator random) {
        var found = new ArrayList<Attempt>();
        DefaultRoute.gateway().ifPresent(router -> {
            found.add(() -> new DatagramGateway(new InetSocketAddress(router, DatagramGateway.PORT), random));
            found.add(() -> UpnpGateway.find(towards(router), UpnpGateway.SSDP));
        });
        return found;
    }

    /** The address that this machine has on the router's network; no packet is sent for it. */
    private static InetAddress towards(InetAddress router) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(router, UpnpGateway.SSDP.getPort());
            return socket.getLocalAddress();
        }
    }

    /** What came of it so far; may be read from any thread. */
    public Result result() {
        return result;
    }

    /** Asks or renews if that is due; returns what came of it. */
    public synchronized Result tick(Instant now) {
        if (closed || now.isBefore(due)) {
            return result;
        }
        var known = gateway;
        if (known != null) {
            try {
                return taken(known, now);
            } catch (IOException e) {
                LOG.info("the router does not renew port {}: {}", port, e.getMessage());
                gateway = null;
            }
        }
        return ask(now);
    }

    private Result ask(Instant now) {
        var reasons = new ArrayList<String>();
        for (var attempt : search.routers()) {
            try {
                var found = attempt.gateway();
                var answer = taken(found, now);
                gateway = found;
                LOG.info(
                        "{} forwards {} to port {}",
                        found.name(),
                        answer.external().orElseThrow(),
                        port);
                return answer;
            } catch (IOException e) {
                reasons.add(String.valueOf(e.getMessage()));
            }
        }
        due = now.plus(RETRY);
        result = new Result(
                Optional.empty(),
                reasons.isEmpty() ? "there is no default route, so no router" : String.join("; ", reasons));
        return result;
    }

    private Result taken(Gateway from, Instant now) throws IOException {
        var lease = from.map(transport, port, external, LIFETIME);
        external = lease.external().getPort();
        var half = lease.lifetime().dividedBy(2);
        due = now.plus(half.compareTo(SHORTEST) < 0 ? SHORTEST : half);
        var tcp = Multiaddr.tcp(lease.external());
        var address = transport == Transport.TCP
                ? tcp
                : Multiaddr.parse(tcp.toString().replace("/tcp/", "/udp/"));
        result = new Result(Optional.of(address), from.name());
        return result;
    }

    /** The machine's network changed: what was forwarded is void, and the next tick asks anew. */
    public synchronized void networkChanged() {
        gateway = null;
        due = Instant.MIN;
        result = new Result(Optional.empty(), "the router was not asked yet");
    }

    /** Takes the forwarding back; a router that does not answer costs some seconds. */
    @Override
    public synchronized void close() {
        closed = true;
        if (gateway != null) {
            try {
                Objects.requireNonNull(gateway).unmap(transport, port, external);
            } catch (IOException e) {
                LOG.debug("the router was not told that port {} is free again: {}", port, e.getMessage());
            }
            gateway = null;
        }
    }
}
