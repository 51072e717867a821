package io.infergrid.grid;

import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.identity.KeyStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A node in a process of its own, for tests: offers a GGUF file or fetches a whole model, and goes on until its standard input ends. Says
 * {@code resumed N} (pieces that were there), {@code pieces N} (that came since), {@code complete}.
 */
final class SwarmMember implements AutoCloseable {

    /** So that a transfer lasts long enough to be killed in its middle. */
    private static final long UP_BYTES_PER_SECOND = 8 << 20;

    private final Process process;
    final AtomicInteger resumed = new AtomicInteger(-1);
    final AtomicInteger pieces = new AtomicInteger();
    private boolean complete;
    private boolean ended;

    private SwarmMember(Process process) {
        this.process = process;
        Thread.ofVirtual().start(this::listen);
    }

    /** @param gguf the file to offer, or null to fetch {@code model} */
    static SwarmMember start(Path folder, Multiaddr bootstrap, String model, Path gguf) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx192m",
                "-cp",
                System.getProperty("java.class.path"),
                SwarmMember.class.getName(),
                folder.toString(),
                bootstrap.toString(),
                model,
                gguf.toString()));
        return new SwarmMember(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    private void listen() {
        try (var out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = out.readLine()) != null; ) {
                String[] words = line.split(" ", 2);
                switch (words[0]) {
                    case "resumed" -> resumed.set(Integer.parseInt(words[1]));
                    case "pieces" -> pieces.set(Integer.parseInt(words[1]));
                    case "complete" -> complete = true;
                    default -> {
                        // of the log
                    }
                }
                synchronized (this) {
                    notifyAll();
                }
            }
        } catch (IOException e) {
            // killed
        }
        synchronized (this) {
            ended = true;
            notifyAll();
        }
    }

    /** Waits until so many pieces came, or the model is complete. */
    synchronized void awaitPieces(int count) throws InterruptedException {
        while (pieces.get() < count && !complete && !ended) {
            wait();
        }
    }

    /** Waits until all of the model is here; false if the process ended before. */
    synchronized boolean awaitComplete() throws InterruptedException {
        while (!complete && !ended) {
            wait();
        }
        return complete;
    }

    /** As {@code kill -9}. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createDirectories(Path.of(args[0]));
        Path gguf = Path.of(args[3]);
        boolean seeds = Files.exists(gguf);
        var host = new HostBuilder()
                .identity(new KeyStore(folder.resolve("key")).loadOrCreate())
                .listen("/ip4/127.0.0.1/tcp/0")
                .start();
        var config = GridNodeConfig.defaults(
                        folder.resolve("shards"),
                        Set.of(seeds ? Role.SEEDER : Role.WORKER),
                        List.of(Multiaddr.parse(args[1])))
                .withAnnouncePeriod(Duration.ofMillis(500))
                .withSharing(GridNodeConfig.Sharing.DEFAULT.withRates(UP_BYTES_PER_SECOND, 0));
        var count = new AtomicInteger();
        var listener = new GridListener() {
            @Override
            public void shardProgress(ShardProgress progress) {
                System.out.println("pieces " + count.incrementAndGet());
                synchronized (count) {
                    count.notifyAll();
                }
            }
        };
        try (var backend = TestGrid.reference();
                var node = GridNode.start(config, host, backend, Clock.systemUTC(), new Random(), listener);
                var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            if (seeds) {
                node.seed(gguf, "");
                System.out.println("complete");
            } else {
                fetch(node, new Hash(args[2]), folder, count);
            }
            while (in.readLine() != null) {
                // until whoever started us goes
            }
        }
    }

    /** @param news notified of each piece */
    private static void fetch(GridNode node, Hash model, Path folder, Object news) throws Exception {
        node.download(model, Duration.ofSeconds(60));
        GridSnapshot.Download download = node.snapshot().downloads().getFirst();
        System.out.println("resumed " + (int) (download.bytesDone() >> 20));
        synchronized (news) {
            while (node.snapshot().downloads().getFirst().piecesMissing() > 0) {
                news.wait();
            }
        }
        node.export(model, folder.resolve("model.gguf"));
        System.out.println("complete");
    }
}
