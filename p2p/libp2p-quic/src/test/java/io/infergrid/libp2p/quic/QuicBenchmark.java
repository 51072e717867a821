package io.infergrid.libp2p.quic;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.LoggerFactory;

/**
 * Measures on the loopback interface what a QUIC connection carries beside a TCP one, by turns in one run: {@code QuicBenchmark
 * [mebibytes a transfer]}. With js-libp2p's packages installed also js against us and js against js.
 */
public final class QuicBenchmark {

    private static final String PERF = "/perf/1.0.0";
    private static final String ECHO = "/echo/1.0.0";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int BLOCK = 64 << 10;
    private static final int ROUNDS = 3;

    private QuicBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.infergrid.libp2p"))
                .setLevel(Level.WARN); // a log line costs more than a round trip
        long mebibytes = arguments.length > 0 ? Long.parseLong(arguments[0]) : 512;
        try (var server = host().listen("/ip4/127.0.0.1/udp/0/quic-v1")
                        .listen("/ip4/127.0.0.1/tcp/0")
                        .start();
                var overQuic = host().start();
                var overTcp = new HostBuilder().start()) {
            server.handle(PERF, QuicBenchmark::perf);
            server.handle(ECHO, stream -> {
                var bytes = new byte[32];
                for (int n; (n = stream.in().read(bytes)) >= 0; ) {
                    stream.out().write(bytes, 0, n);
                    stream.out().flush();
                }
            });
            var quic = overQuic.connect(server.peerId(), server.addresses(), LIMIT);
            var tcp = overTcp.connect(server.peerId(), server.addresses(), LIMIT);
            for (int streams : new int[] {1, 16}) {
                for (int round = 0; round <= ROUNDS; round++) { // the first is to warm up
                    say(round, streams, "quic", quic, mebibytes);
                    say(round, streams, "tcp", tcp, mebibytes);
                }
            }
            roundTrips("quic", quic);
            roundTrips("tcp", tcp);
            handshakes(server);
            if (JsPeer.isInstalled()) {
                js(overQuic, server, mebibytes);
            }
        }
        System.exit(0);
    }

    private static HostBuilder host() {
        return new HostBuilder().transport(QuicTransport.factory());
    }

    private static void say(int round, int streams, String name, Connection connection, long mebibytes)
            throws Exception {
        double up = transfer(connection, mebibytes << 20, 0, streams);
        double down = transfer(connection, 0, mebibytes << 20, streams);
        if (round > 0) {
            System.out.printf("%s, %d streams: up %.0f MiB/s, down %.0f MiB/s%n", name, streams, up, down);
        }
    }

    private static double transfer(Connection connection, long up, long down, int streams) throws Exception {
        long start = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<Future<?>>();
            for (int i = 0; i < streams; i++) {
                all.add(threads.submit(() -> one(connection, up / streams, down / streams)));
            }
            for (var one : all) {
                one.get();
            }
        }
        return (up + down) / 1048.576 / ((System.nanoTime() - start) / 1e6);
    }

    private static Void one(Connection connection, long up, long down) throws IOException {
        try (var stream = connection.open(LIMIT, List.of(PERF))) {
            stream.timeout(LIMIT);
            new DataOutputStream(stream.out()).writeLong(down);
            var block = new byte[BLOCK];
            for (long left = up; left > 0; left -= BLOCK) {
                stream.out().write(block, 0, (int) Math.min(left, BLOCK));
            }
            stream.closeWrite();
            long got = 0;
            for (int n; (n = stream.in().read(block)) >= 0; ) {
                got += n;
            }
            if (got != down) {
                throw new IOException("expected " + down + " bytes, found " + got);
            }
            return null;
        }
    }

    private static void perf(Stream stream) throws IOException {
        long down = new DataInputStream(stream.in()).readLong();
        var block = new byte[BLOCK];
        while (stream.in().read(block) >= 0) {
            // counted by the sender
        }
        for (long left = down; left > 0; left -= BLOCK) {
            stream.out().write(block, 0, (int) Math.min(left, BLOCK));
        }
    }

    private static void roundTrips(String name, Connection connection) throws IOException {
        int count = 5000;
        var nanos = new long[count];
        try (var stream = connection.open(LIMIT, List.of(ECHO))) {
            stream.timeout(LIMIT);
            var bytes = new byte[32];
            for (int i = -1000; i < count; i++) {
                long start = System.nanoTime();
                stream.out().write(bytes);
                stream.out().flush();
                if (stream.in().readNBytes(bytes, 0, 32) != 32) {
                    throw new IOException("the echo ended");
                }
                if (i >= 0) {
                    nanos[i] = System.nanoTime() - start;
                }
            }
            stream.closeWrite();
        }
        print(name + ", 32 bytes there and back", nanos);
    }

    private static void print(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf(
                "%s: p50 %.3f ms, p95 %.3f ms, p99 %.3f ms%n",
                what,
                nanos[nanos.length / 2] / 1e6,
                nanos[nanos.length * 95 / 100] / 1e6,
                nanos[nanos.length * 99 / 100] / 1e6);
    }

    private static void handshakes(Swarm server) throws IOException {
        var nanos = new long[100];
        try (var client = host().start()) {
            for (int i = -20; i < nanos.length; i++) {
                long start = System.nanoTime();
                try (var _ = client.connect(server.peerId(), server.addresses(), LIMIT)) {
                    if (i >= 0) {
                        nanos[i] = System.nanoTime() - start;
                    }
                }
            }
        }
        print("quic, connect", nanos);
    }

    private static void js(Swarm client, Swarm server, long mebibytes) throws Exception {
        long bytes = mebibytes << 18; // a quarter, since js is slower
        var own = server.addresses().stream()
                .filter(a -> a.toString().contains("quic"))
                .findFirst()
                .orElseThrow()
                .toString();
        try (var one = JsPeer.launch("Ed25519");
                var two = JsPeer.launch("Ed25519")) {
            var connection = client.connect(one.peerId(), one.addresses(), LIMIT);
            for (int round = 0; round < ROUNDS; round++) {
                System.out.printf(
                        "java to js: up %.0f MiB/s, down %.0f MiB/s%n",
                        transfer(connection, bytes, 0, 1), transfer(connection, 0, bytes, 1));
                System.out.printf(
                        "js to java: up %.0f MiB/s, down %.0f MiB/s%n",
                        ask(one, own, "up", bytes), ask(one, own, "down", bytes));
                var other = two.addresses().getFirst().toString();
                System.out.printf(
                        "js to js: up %.0f MiB/s, down %.0f MiB/s%n",
                        ask(one, other, "up", bytes), ask(one, other, "down", bytes));
            }
        }
    }

    private static double ask(JsPeer js, String address, String direction, long bytes) throws IOException {
        return js.tell("perf", Map.of("addr", address, direction, bytes))
                .get("mibPerSecond")
                .asDouble();
    }
}
