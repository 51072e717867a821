package io.infergrid.libp2p.netns;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.autonat.AutonatLimits;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.kad.KadSettings;
import io.infergrid.libp2p.kad.Kademlia;
import io.infergrid.libp2p.kad.ProvidedKeys;
import io.infergrid.libp2p.reachability.ReachabilityService;
import io.infergrid.libp2p.relay.RelayLimits;
import io.infergrid.libp2p.relay.RelayServer;
import io.infergrid.libp2p.swarm.Swarm;
import io.infergrid.libp2p.yamux.YamuxLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A peer with everything by which others reach it, as a process. Its first line is {@code ready <peer id> <addresses>}; each line on its
 * input is a command, answered by one line: {@code ok ...} or {@code failed ...}.
 */
public final class PeerProcess {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String ECHO = "/echo/1.0.0";

    private final Swarm host;
    private final ReachabilityService service;
    private final Kademlia kad;
    private final List<Multiaddr> bootstrap = new ArrayList<>();

    private PeerProcess(Swarm host, ReachabilityService service, Kademlia kad) {
        this.host = host;
        this.service = service;
        this.kad = kad;
    }

    /**
     * {@code key=value} each: listen, announce and bootstrap, each several times; {@code relay=always} to relay before anybody confirmed
     * an address; {@code slot} with the address of a relay to take one at whatever the reachability is.
     */
    public static void main(String[] args) throws IOException {
        var options = new TreeMap<String, List<String>>();
        for (var arg : args) {
            var pair = arg.split("=", 2);
            options.computeIfAbsent(pair[0], _ -> new ArrayList<>()).add(pair[1]);
        }
        var key = PrivateKey.generate();
        var yamux = new YamuxLimits(
                256, 256, 16 << 20, Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(10));
        var builder = new HostBuilder().identity(key).limits(Limits.DEFAULT.withYamux(yamux));
        options.getOrDefault("listen", List.of()).forEach(builder::listen);
        options.getOrDefault("announce", List.of()).forEach(a -> builder.announce(Multiaddr.parse(a)));
        var bootstrap = options.getOrDefault("bootstrap", List.of()).stream()
                .map(Multiaddr::parse)
                .toList();
        boolean relays = options.containsKey("relay");
        var settings = settings(bootstrap, !relays);
        try (var host = builder.start();
                var service = new ReachabilityService(host, settings, Clock.systemUTC(), new Random());
                var kad = Kademlia.start(
                        host, KadSettings.DEFAULT, ProvidedKeys.inMemory(), Clock.systemUTC(), new Random())) {
            kad.follow(service);
            host.handle(
                    ECHO,
                    HandlerOptions.atMost(8).alsoRelayed(),
                    (_, stream) -> stream.in().transferTo(stream.out()));
            service.start();
            if (relays) {
                var _ = new RelayServer(host, RelayLimits.DEFAULT, Clock.systemUTC()).start();
            }
            for (var relay : options.getOrDefault("slot", List.of())) {
                var address = Multiaddr.parse(relay);
                service.reserve(address.peer().orElseThrow(), List.of(address));
            }
            var peer = new PeerProcess(host, service, kad);
            peer.bootstrap.addAll(bootstrap);
            peer.run();
        }
    }

    private static ReachabilityService.Settings settings(List<Multiaddr> relays, boolean relay) {
        var quick = new AutonatLimits(
                1000, 1000, 1000, 30_000, 100_000, Duration.ofSeconds(2), Duration.ofSeconds(30), false);
        return new ReachabilityService.Settings(
                false, true, relay, 2, relays, RelayLimits.DEFAULT, quick, false, Duration.ofMillis(250));
    }

    private void run() throws IOException {
        try (var time = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().factory())) {
            ScheduledFuture<?> _ = time.scheduleWithFixedDelay(this::keepInTouch, 0, 500, TimeUnit.MILLISECONDS);
            var addresses = host.addresses().stream().map(Multiaddr::toString).collect(Collectors.joining(" "));
            System.out.println("ready " + host.peerId() + " " + addresses);
            var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line; (line = in.readLine()) != null && !line.equals("stop"); ) {
                System.out.println(answer(line.split(" ")));
            }
            time.shutdownNow();
        }
    }

    /** A node of the grid does the same by its gossip. */
    private void keepInTouch() {
        for (var address : bootstrap) {
            var peer = address.peer().orElseThrow();
            if (host.connection(peer).isEmpty()) {
                try {
                    Connection _ = host.connect(peer, List.of(address), Duration.ofSeconds(2));
                } catch (IOException e) {
                    System.err.println("bootstrap: " + e.getMessage());
                }
            }
        }
    }

    private String answer(String[] words) {
        try {
            return "ok " + command(words);
        } catch (IOException | RuntimeException e) {
            return "failed " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }

    private String command(String[] words) throws IOException {
        return switch (words[0]) {
            case "connect" -> connect(Multiaddr.parse(words[1]));
            case "echo" -> echo(PeerId.parse(words[1]), Integer.parseInt(words[2]));
            case "ping" ->
                String.valueOf(host.ping(PeerId.parse(words[1]), LIMIT).toMillis());
            case "way" -> way(PeerId.parse(words[1]));
            case "state" -> service.state().state() + " " + service.state().advice();
            case "dht" -> kad.mode() + " " + kad.peers().size();
            case "open" -> service.state().open().toString();
            case "addresses" ->
                host.addresses().stream().map(Multiaddr::toString).collect(Collectors.joining(" "));
            case "counters" -> host.counters().snapshot().toString();
            default -> throw new IllegalArgumentException("expected a command, found " + words[0]);
        };
    }

    private String connect(Multiaddr address) throws IOException {
        var connection = host.connect(address.peer().orElseThrow(), List.of(address), LIMIT);
        return connection.relayed() ? "relayed" : "direct";
    }

    private String way(PeerId peer) {
        Optional<Connection> connection = host.connection(peer);
        return connection
                .map(c -> (c.relayed() ? "relayed " : "direct ") + c.remoteAddress())
                .orElse("none");
    }

    private String echo(PeerId peer, int size) throws IOException {
        var sent = new byte[size];
        new Random(size).nextBytes(sent);
        var connection = host.connection(peer).orElseThrow(() -> new IOException(peer + " is not connected"));
        try (var stream = connection.open(LIMIT, List.of(ECHO))) {
            stream.timeout(LIMIT);
            var writer = Thread.ofVirtual().start(() -> {
                try {
                    stream.out().write(sent);
                    stream.closeWrite();
                } catch (IOException e) {
                    stream.reset();
                }
            });
            boolean same = Arrays.equals(sent, stream.in().readAllBytes());
            writer.interrupt();
            if (!same) {
                throw new IOException("expected the " + size + " bytes back, found others");
            }
        }
        return connection.relayed() ? "relayed" : "direct";
    }
}
