package io.infergrid.libp2p;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.management.OperatingSystemMXBean;
import io.infergrid.libp2p.interop.JsPeer;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.opentest4j.TestAbortedException;
import org.slf4j.LoggerFactory;

/**
 * Measures this module against its targets, each figure after a warm-up, and prints a table or, with {@code --json}, one JSON object:
 *
 * <pre>mvn -q -o -pl p2p/libp2p test-compile exec:exec -Dexec.executable=java -Dexec.classpathScope=test \
 *     "-Dexec.args=-cp %classpath io.infergrid.libp2p.Libp2pBenchmark --json"</pre>
 *
 * Further words choose parts of it: {@code cipher stream jvms js line trips handshakes heap}. {@code --mib n} sets the MiB of a
 * transfer. Beside every rate stands the processor time that it took, which holds on a machine that is busy with other things too.
 */
public final class Libp2pBenchmark {

    private static final List<String> PARTS =
            List.of("cipher", "stream", "jvms", "js", "line", "trips", "handshakes", "heap");
    private static final String PERF = "/perf/1.0.0";
    private static final String ECHO = "/echo/1.0.0";
    private static final String HOLD = "/hold/1.0.0";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int BLOCK = 64 * 1024;
    private static final int ROUNDS = 5;
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final Map<String, Object> results = new TreeMap<>();
    private final long mebibytes;

    private Libp2pBenchmark(long mebibytes) {
        this.mebibytes = mebibytes;
    }

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.infergrid.libp2p"))
                .setLevel(Level.WARN); // a log line costs more than a round trip
        var words = new ArrayList<>(List.of(arguments));
        if (words.remove("listen")) {
            listen();
            return;
        }
        boolean json = words.remove("--json");
        long mebibytes = 1024;
        int at = words.indexOf("--mib");
        if (at >= 0) {
            mebibytes = Long.parseLong(words.get(at + 1));
            words.subList(at, at + 2).clear();
        }
        if (!PARTS.containsAll(words)) {
            System.err.println("expected --json, --mib <number> and any of " + PARTS + ", found " + words);
            System.exit(2);
        }
        var benchmark = new Libp2pBenchmark(mebibytes);
        for (var part : words.isEmpty() ? PARTS : words) {
            benchmark.measure(part);
        }
        benchmark.print(json);
        System.exit(0);
    }

    private void measure(String part) throws Exception {
        switch (part) {
            case "cipher" -> cipher();
            case "stream" -> streams();
            case "jvms" -> twoJvms();
            case "js" -> withJs();
            case "line" -> longLine();
            case "trips" -> roundTrips();
            case "handshakes" -> handshakes();
            case "heap" -> heap();
            default -> throw new IllegalArgumentException(part);
        }
    }

    private static Limits roomy() {
        return Limits.DEFAULT.withPendingInbound(10_000, 10_000).withConnections(100_000, 100_000, 100_000);
    }

    private static Swarm server() throws IOException {
        var server =
                new HostBuilder().limits(roomy()).listen("/ip4/127.0.0.1/tcp/0").start();
        server.handle(PERF, Libp2pBenchmark::perf);
        server.handle(ECHO, Libp2pBenchmark::echo);
        server.handle(HOLD, stream -> {
            int _ = stream.in().read();
        });
        return server;
    }

    /** Serves until standard input ends. */
    private static void listen() throws IOException {
        try (var server = server()) {
            System.out.println(server.addresses().getFirst());
            while (System.in.read() >= 0) {
                // until the one who started this closes its end
            }
        }
        System.exit(0);
    }

    // ---- parts ----

    /** What one core seals or opens at most: the ceiling of one direction of one connection. */
    private void cipher() throws GeneralSecurityException {
        var plain = new byte[65_519];
        var sealed = new byte[65_535];
        var key = new SecretKeySpec(new byte[32], "ChaCha20");
        var sealing = Cipher.getInstance("ChaCha20-Poly1305");
        var opening = Cipher.getInstance("ChaCha20-Poly1305");
        int records = 4000;
        long bestSeal = Long.MAX_VALUE;
        long bestOpen = Long.MAX_VALUE;
        for (int round = 0; round < 2 * ROUNDS; round++) {
            long seal = 0;
            long open = 0;
            for (int i = 0; i < records; i++) {
                var nonce = new IvParameterSpec(
                        ByteBuffer.allocate(12).putInt(round).putInt(i).array());
                long start = System.nanoTime();
                sealing.init(Cipher.ENCRYPT_MODE, key, nonce);
                int _ = sealing.doFinal(plain, 0, plain.length, sealed);
                long between = System.nanoTime();
                opening.init(Cipher.DECRYPT_MODE, key, nonce);
                int _ = opening.doFinal(sealed, 0, sealed.length, plain);
                seal += between - start;
                open += System.nanoTime() - between;
            }
            bestSeal = Math.min(bestSeal, seal);
            bestOpen = Math.min(bestOpen, open);
        }
        double mebibytesSealed = (double) records * plain.length / (1 << 20);
        results.put("cipher_seal_mib_per_second", Math.round(mebibytesSealed / (bestSeal / 1e9)));
        results.put("cipher_open_mib_per_second", Math.round(mebibytesSealed / (bestOpen / 1e9)));
    }

    private void streams() throws Exception {
        try (var server = server();
                var client = new HostBuilder().start()) {
            var connection = client.connect(server.peerId(), server.addresses(), LIMIT);
            throughput(connection, 1, "one_stream");
            throughput(connection, 16, "sixteen_streams");
        }
    }

    private void twoJvms() throws Exception {
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Libp2pBenchmark.class.getName(),
                "listen");
        var other = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader lines = other.inputReader(StandardCharsets.UTF_8);
                var client = new HostBuilder().start()) {
            var address = Multiaddr.parse(lines.readLine());
            var connection = client.connect(address.peer().orElseThrow(), List.of(address), LIMIT);
            throughput(connection, 1, "one_stream_two_jvms");
        } finally {
            other.destroy();
        }
    }

    /** Java to js, js to Java, and js to js in pairs; left out where Node or its packages are missing. */
    private void withJs() throws Exception {
        long bytes = mebibytes << 17; // an eighth: node is slower
        try (var js = JsPeer.start();
                var other = JsPeer.start();
                var server = server();
                var client = new HostBuilder().start()) {
            var connection = client.connect(js.peerId(), js.addresses(), LIMIT);
            var rates = new TreeMap<String, List<Double>>();
            for (int i = -1; i < ROUNDS; i++) {
                var round = new TreeMap<String, Double>();
                round.put("java_to_js", transfer(connection, bytes >> 20, 0, 1));
                round.put("java_from_js", transfer(connection, 0, bytes >> 20, 1));
                var java = server.addresses().getFirst().toString();
                round.put("js_to_java", told(js, java, bytes, 0));
                round.put("js_from_java", told(js, java, 0, bytes));
                var there =
                        other.addresses().getFirst().withPeer(other.peerId()).toString();
                round.put("js_to_js", told(js, there, bytes, 0));
                round.put("js_from_js", told(js, there, 0, bytes));
                if (i >= 0) {
                    round.forEach((k, v) ->
                            rates.computeIfAbsent(k, _ -> new ArrayList<>()).add(v));
                }
            }
            rates.forEach((k, v) -> results.put(k + "_mib_per_second", rounded(v)));
        } catch (TestAbortedException e) {
            results.put("js", String.valueOf(e.getMessage()));
        }
    }

    private static double told(JsPeer js, String address, long up, long down) throws IOException {
        return js.tell("perf", Map.of("addr", address, "up", up, "down", down, "timeoutMs", 60_000))
                .get("mibPerSecond")
                .asDouble();
    }

    /** One stream over 70 ms: the first transfer begins with a window of 256 KiB, the others find one that has grown. */
    private void longLine() throws Exception {
        var roundTrip = Duration.ofMillis(70);
        try (var server = server()) {
            var firsts = new ArrayList<Double>();
            for (int i = 0; i < ROUNDS; i++) {
                try (var client = new HostBuilder().start()) {
                    client.addTransport(new LongLine(server, roundTrip));
                    long start = System.nanoTime();
                    var connection = client.connect(server.peerId(), List.of(LongLine.ADDRESS), LIMIT);
                    try (var stream = connection.openAtOnce(LIMIT, ECHO)) {
                        stream.out().write(1);
                        stream.out().flush();
                        int _ = stream.in().read();
                        firsts.add((System.nanoTime() - start) / 1e6);
                        stream.closeWrite();
                    }
                }
            }
            results.put("line_70_ms_first_answer_byte_ms", rounded(firsts));
            try (var client = new HostBuilder().start()) {
                client.addTransport(new LongLine(server, roundTrip));
                var connection = client.connect(server.peerId(), List.of(LongLine.ADDRESS), LIMIT);
                results.put("line_70_ms_one_stream_mib_per_second", rounded(steady(connection)));
            }
        }
    }

    /** One stream that goes on: MiB a second of each GiB, the first of which begins with the smallest window. */
    private List<Double> steady(Connection connection) throws IOException {
        var rates = new ArrayList<Double>();
        try (var stream = connection.openAtOnce(LIMIT, PERF)) {
            new DataOutputStream(stream.out()).writeLong(0);
            var block = new byte[BLOCK];
            for (int i = 0; i < ROUNDS; i++) {
                long start = System.nanoTime();
                for (long left = mebibytes << 20; left > 0; left -= BLOCK) {
                    stream.out().write(block);
                }
                rates.add(mebibytes / ((System.nanoTime() - start) / 1e9));
            }
            stream.closeWrite();
            int _ = stream.in().read();
        }
        return rates;
    }

    private void roundTrips() throws IOException {
        try (var server = server();
                var client = new HostBuilder().start()) {
            var connection = client.connect(server.peerId(), server.addresses(), LIMIT);
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
            Arrays.sort(nanos);
            var quantiles = new TreeMap<String, Double>();
            quantiles.put("p50", nanos[count / 2] / 1000 / 1000.0);
            quantiles.put("p95", nanos[count * 95 / 100] / 1000 / 1000.0);
            quantiles.put("p99", nanos[count * 99 / 100] / 1000 / 1000.0);
            results.put("round_trip_32_bytes_ms", quantiles);
        }
    }

    /** Connections from fresh identities to one host, four at a time, until both sides may open streams; both sides in this JVM. */
    private void handshakes() throws Exception {
        int count = 1000;
        try (var server = server()) {
            var rates = new ArrayList<Double>();
            var processor = new ArrayList<Double>();
            for (int round = -2; round < ROUNDS; round++) {
                var clients = new ArrayList<Swarm>();
                for (int i = 0; i < count; i++) {
                    clients.add(new HostBuilder().limits(roomy()).start());
                }
                long cpu = SYSTEM.getProcessCpuTime();
                long start = System.nanoTime();
                connectAll(server, clients);
                if (round >= 0) {
                    rates.add(count / ((System.nanoTime() - start) / 1e9));
                    processor.add((SYSTEM.getProcessCpuTime() - cpu) / 1e3 / count);
                }
                clients.forEach(Swarm::close);
            }
            results.put("handshakes_per_second", rounded(rates));
            results.put("handshake_processor_microseconds", rounded(processor));
        }
    }

    private static void connectAll(Swarm server, List<Swarm> clients) throws Exception {
        try (var threads = Executors.newFixedThreadPool(4)) {
            var running = new ArrayList<Future<?>>();
            for (var client : clients) {
                running.add(threads.submit(() -> client.connect(server.peerId(), server.addresses(), LIMIT)));
            }
            for (var one : running) {
                one.get();
            }
        }
    }

    /** What an idle connection and an idle stream hold on the heap, each end for itself. */
    private void heap() throws Exception {
        int connections = 400;
        int streams = 20;
        try (var server = server()) {
            var clients = new ArrayList<Swarm>();
            for (int i = 0; i < connections; i++) {
                clients.add(new HostBuilder().limits(roomy()).start());
            }
            connectAll(server, clients.subList(0, connections / 2)); // classes, pools, tables
            long before = used();
            connectAll(server, clients.subList(connections / 2, connections));
            await(() -> clients.stream()
                    .allMatch(c -> c.info(server.peerId()).isPresent()
                            && server.info(c.peerId()).isPresent()));
            results.put("idle_connection_end_kib", (used() - before) * 10 / 1024 / connections / 10.0);
            before = used();
            var held = new ArrayList<Stream>();
            for (var client : clients.subList(0, 100)) {
                for (int i = 0; i < streams; i++) {
                    held.add(client.open(server.peerId(), HOLD, LIMIT));
                }
            }
            results.put("idle_stream_end_kib", (used() - before) * 10 / 1024 / (2L * held.size()) / 10.0);
            held.forEach(Stream::reset);
            clients.forEach(Swarm::close);
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) throws InterruptedException {
        while (!condition.holds()) {
            Thread.sleep(20);
        }
    }

    private static long used() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            Thread.sleep(500); // streams that are quiet give back their rings meanwhile
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    // ---- transfers ----

    private void throughput(Connection connection, int streams, String name) throws Exception {
        var up = new ArrayList<Double>();
        var down = new ArrayList<Double>();
        double _ = transfer(connection, mebibytes, 0, streams);
        double _ = transfer(connection, 0, mebibytes, streams);
        long cpu = SYSTEM.getProcessCpuTime();
        for (int i = 0; i < ROUNDS; i++) {
            up.add(transfer(connection, mebibytes, 0, streams));
            down.add(transfer(connection, 0, mebibytes, streams));
        }
        long perMebibyte = (SYSTEM.getProcessCpuTime() - cpu) / 1000 / (2 * ROUNDS * mebibytes);
        results.put(name + "_up_mib_per_second", rounded(up));
        results.put(name + "_down_mib_per_second", rounded(down));
        results.put(name + "_processor_microseconds_per_mib_in_this_jvm", perMebibyte);
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

    private static void perf(Stream stream) throws IOException {
        long down = new DataInputStream(stream.in()).readLong();
        var block = new byte[BLOCK];
        while (stream.in().read(block) >= 0) {
            // the sender counts
        }
        for (long left = down; left > 0; left -= BLOCK) {
            stream.out().write(block, 0, (int) Math.min(left, BLOCK));
        }
    }

    private static void echo(Stream stream) throws IOException {
        var block = new byte[BLOCK];
        for (int n; (n = stream.in().read(block)) >= 0; ) {
            stream.out().write(block, 0, n);
            stream.out().flush();
        }
    }

    private static List<Long> rounded(List<Double> values) {
        return values.stream().map(Math::round).toList();
    }

    private void print(boolean json) throws IOException {
        results.put("processors", Runtime.getRuntime().availableProcessors());
        // what else the machine was doing: figures taken beside other work are lower bounds
        results.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        results.put("java", Runtime.version().toString());
        if (json) {
            System.out.println(JsonMapper.builder()
                    .build()
                    .writerWithDefaultPrettyPrinter()
                    .writeValueAsString(results));
        } else {
            results.forEach((name, value) -> System.out.printf(Locale.ROOT, "%-50s %s%n", name, value));
        }
    }
}
