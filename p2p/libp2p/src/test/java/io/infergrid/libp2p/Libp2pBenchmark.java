package io.infergrid.libp2p;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.LoggerFactory;

/**
 * Measures a host against itself on the loopback interface, both ends in one JVM, and prints one JSON object:
 *
 * <pre>mvn -q -pl p2p/libp2p test-compile exec:exec -Dexec.executable=java -Dexec.classpathScope=test \
 *     "-Dexec.args=-cp %classpath io.infergrid.libp2p.Libp2pBenchmark 1024"</pre>
 *
 * The number is the MiB of each run. Each figure is taken after a warm-up. {@code listen} and {@code dial <address>}
 * do the transfers between two JVMs, {@code line} does the part over 70 ms alone.
 */
public final class Libp2pBenchmark {

    private static final String PERF = "/perf/1.0.0";
    private static final String ECHO = "/echo/1.0.0";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int BLOCK = 64 * 1024;
    private static final int ROUNDS = 5;

    private final Map<String, Object> results = new TreeMap<>();

    private Libp2pBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.infergrid.libp2p"))
                .setLevel(Level.WARN); // a log line costs more than a round trip
        var command = arguments.length > 0 ? arguments[0] : "2048";
        var benchmark = new Libp2pBenchmark();
        switch (command) {
            case "listen" -> benchmark.listen();
            case "dial" -> benchmark.dial(Multiaddr.parse(arguments[1]));
            case "line" -> benchmark.longLine(512);
            default -> benchmark.loopback(Long.parseLong(command));
        }
    }

    private static Swarm server() throws IOException {
        var server = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        server.handle(PERF, Libp2pBenchmark::perf);
        server.handle(ECHO, Libp2pBenchmark::echo);
        return server;
    }

    private void listen() throws IOException {
        try (var server = server()) {
            System.out.println(server.addresses().getFirst());
            while (System.in.read() >= 0) {
                // until the one who started this closes its end
            }
        }
    }

    private void dial(Multiaddr address) throws Exception {
        try (var client = new HostBuilder().start()) {
            var connection = client.connect(address.peer().orElseThrow(), List.of(address), LIMIT);
            throughput(connection, 1024, 1, "one_stream_two_jvms");
            throughput(connection, 1024, 16, "sixteen_streams_two_jvms");
            roundTrips(connection);
        }
        print();
    }

    private void longLine(long mebibytes) throws Exception {
        try (var server = server()) {
            longLine(server, mebibytes);
        }
        print();
    }

    private void loopback(long mebibytes) throws Exception {
        try (var server = server();
                var client = new HostBuilder().start()) {
            var connection = client.connect(server.peerId(), server.addresses(), LIMIT);
            throughput(connection, mebibytes, 1, "one_stream");
            throughput(connection, mebibytes, 16, "sixteen_streams");
            roundTrips(connection);
            handshakes(server);
            longLine(server, mebibytes);
        }
        print();
    }

    private void throughput(Connection connection, long mebibytes, int streams, String name) throws Exception {
        var up = new ArrayList<Double>();
        var down = new ArrayList<Double>();
        transfer(connection, mebibytes / 4, 0, streams);
        for (int i = 0; i < ROUNDS; i++) {
            up.add(transfer(connection, mebibytes, 0, streams));
            down.add(transfer(connection, 0, mebibytes, streams));
        }
        results.put(name + "_up_mib_per_second", rounded(up));
        results.put(name + "_down_mib_per_second", rounded(down));
    }

    /** One stream over 70 ms: the first transfer begins with a window of 256 KiB, the second finds one that has grown. */
    private void longLine(Host server, long mebibytes) throws Exception {
        try (var line = new LongLine(server.addresses().getFirst(), Duration.ofMillis(70));
                var client = new HostBuilder().start()) {
            long start = System.nanoTime();
            var connection = client.connect(server.peerId(), List.of(line.address()), LIMIT);
            results.put("long_line_connect_ms", milliseconds(System.nanoTime() - start));
            results.put(
                    "long_line_up_mib_per_second",
                    rounded(List.of(
                            transfer(connection, mebibytes, 0, 1),
                            transfer(connection, mebibytes, 0, 1),
                            transfer(connection, mebibytes, 0, 1))));
        }
    }

    /** MiB a second, both ways together. */
    private static double transfer(Connection connection, long up, long down, int streams) throws Exception {
        long start = System.nanoTime();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var running = new ArrayList<Future<?>>();
            for (int i = 0; i < streams; i++) {
                running.add(threads.submit(() -> {
                    transferOne(connection, (up << 20) / streams, (down << 20) / streams);
                    return null;
                }));
            }
            for (var one : running) {
                one.get();
            }
        }
        return (up + down) / ((System.nanoTime() - start) / 1e9);
    }

    private static void transferOne(Connection connection, long up, long down) throws IOException {
        try (var stream = connection.open(LIMIT, List.of(PERF))) {
            new DataOutputStream(stream.out()).writeLong(down);
            var block = new byte[BLOCK];
            for (long left = up; left > 0; left -= BLOCK) {
                stream.out().write(block, 0, (int) Math.min(left, BLOCK));
            }
            stream.closeWrite();
            long received = 0;
            for (int n; (n = stream.in().read(block)) >= 0; ) {
                received += n;
            }
            if (received != down) {
                throw new IOException("asked for " + down + " bytes, got " + received);
            }
        }
    }

    private static void perf(Stream stream) {
        try {
            long down = new DataInputStream(stream.in()).readLong();
            var block = new byte[BLOCK];
            while (stream.in().read(block) >= 0) {
                // the sender counts
            }
            for (long left = down; left > 0; left -= BLOCK) {
                stream.out().write(block, 0, (int) Math.min(left, BLOCK));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void echo(Stream stream) {
        try {
            var block = new byte[BLOCK];
            for (int n; (n = stream.in().read(block)) >= 0; ) {
                stream.out().write(block, 0, n);
                stream.out().flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void roundTrips(Connection connection) throws IOException {
        int count = 20_000;
        var nanos = new long[count];
        var bytes = new byte[32];
        try (var stream = connection.open(LIMIT, List.of(ECHO))) {
            for (int i = -count; i < count; i++) {
                long start = System.nanoTime();
                stream.out().write(bytes);
                stream.out().flush();
                if (stream.in().readNBytes(bytes, 0, bytes.length) < bytes.length) {
                    throw new IOException("the echo ended");
                }
                if (i >= 0) {
                    nanos[i] = System.nanoTime() - start;
                }
            }
            stream.closeWrite();
        }
        quantiles("round_trip_32_bytes_ms", nanos);
    }

    private void handshakes(Host server) throws IOException {
        int count = 500;
        var nanos = new long[count];
        for (int i = -count; i < count; i++) {
            try (var client = new HostBuilder().start()) {
                long start = System.nanoTime();
                client.connect(server.peerId(), server.addresses(), LIMIT);
                if (i >= 0) {
                    nanos[i] = System.nanoTime() - start;
                }
            }
        }
        quantiles("connect_ms", nanos);
    }

    private void quantiles(String name, long[] nanos) {
        Arrays.sort(nanos);
        var quantiles = new TreeMap<String, Double>();
        quantiles.put("p50", milliseconds(nanos[nanos.length / 2]));
        quantiles.put("p95", milliseconds(nanos[nanos.length * 95 / 100]));
        quantiles.put("p99", milliseconds(nanos[nanos.length * 99 / 100]));
        results.put(name, quantiles);
    }

    private static double milliseconds(long nanos) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.3f", nanos / 1e6));
    }

    private static List<Long> rounded(List<Double> values) {
        return values.stream().map(Math::round).toList();
    }

    private void print() throws IOException {
        results.put("processors", Runtime.getRuntime().availableProcessors());
        // what else the machine was doing: figures taken beside other work are lower bounds
        results.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        results.put("java", Runtime.version().toString());
        System.out.println(
                JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(results));
    }
}
