package io.infergrid.grid;

import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Multiaddr;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A worker in a process of its own, for tests: serves one range until its standard input ends. */
public final class WorkerProcess implements AutoCloseable {

    private final Process process;
    private final BufferedReader out;

    private WorkerProcess(Process process) {
        this.process = process;
        out = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts a JVM like this one; {@link #awaitServing} waits for it. */
    public static WorkerProcess start(Path folder, Multiaddr bootstrap, Hash model, BlockRange blocks, int threads)
            throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                WorkerProcess.class.getName(),
                folder.toString(),
                bootstrap.toString(),
                model.hex(),
                Integer.toString(blocks.first()),
                Integer.toString(blocks.end()),
                Integer.toString(threads)));
        return new WorkerProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Its peer id, once it serves. */
    public String awaitServing() throws IOException {
        for (String line; (line = out.readLine()) != null; ) {
            if (line.startsWith("serving ")) {
                return line.substring("serving ".length());
            }
        }
        throw new IOException("expected a worker that serves, found its process ended");
    }

    /** As {@code kill -9}. */
    public void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        kill();
        process.onExit().join();
    }

    public static void main(String[] args) throws Exception {
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var config = GridNodeConfig.defaults(Path.of(args[0]), Set.of(Role.WORKER), List.of(Multiaddr.parse(args[1])))
                .withAnnouncePeriod(Duration.ofMillis(500));
        try (var backend = new CpuBackend(Integer.parseInt(args[5]));
                var node =
                        GridNode.start(config, host, backend, Clock.systemUTC(), new Random(), new GridListener() {});
                var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            var blocks = new BlockRange(Integer.parseInt(args[3]), Integer.parseInt(args[4]));
            node.serve(new Hash(args[2]), blocks, Duration.ofSeconds(60));
            System.out.println("serving " + node.peerId());
            while (in.readLine() != null) {
                // until whoever started us goes
            }
        }
    }
}
