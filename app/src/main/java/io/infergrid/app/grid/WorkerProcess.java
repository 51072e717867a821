package io.infergrid.app.grid;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker: {@code infergrid node} in a JVM of its own, on the Java and class path of this one. It ends when its standard
 * input closes, so it cannot outlive this process, however that ends.
 */
final class WorkerProcess implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(WorkerProcess.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration GRACE = Duration.ofSeconds(5);
    /** Where an installed program has its native libraries. */
    private static final List<String> INHERITED = List.of(
            "infergrid.root",
            "java.library.path",
            "jna.boot.library.path",
            "jna.nounpack",
            "org.lwjgl.librarypath",
            "org.sqlite.lib.path");

    private static final int LAST_WORDS = 8;

    private final String name;
    private final Process process;
    private final ArrayDeque<String> lastWords = new ArrayDeque<>();

    private WorkerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /**
     * Starts a worker.
     *
     * @param name e.g. {@code worker-1}
     * @param logs where a crash of its JVM leaves a report
     * @param arguments of {@code infergrid node}
     * @param event hears each JSON line that it prints, e.g. the one that says it is ready
     */
    static WorkerProcess start(String name, Path logs, List<String> arguments, Consumer<JsonNode> event)
            throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xms32m",
                "-Xmx512m",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:ErrorFile=" + logs.resolve("hs_err_" + name + "_%p.log"),
                "-Xlog:disable"));
        String root = System.getProperty("infergrid.root");
        if (root != null) {
            // in a build's folder, and in an installed image
            Stream.of(Path.of(root, "lib", "infergrid.aot"), Path.of(root, "infergrid.aot"))
                    .filter(Files::isRegularFile)
                    .forEach(archive -> command.add("-XX:AOTCache=" + archive));
        }
        for (String inherited : INHERITED) {
            String value = System.getProperty(inherited);
            if (value != null) {
                command.add("-D" + inherited + "=" + value);
            }
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.infergrid.app.Main", "node"));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).start();
        var worker = new WorkerProcess(name, process);
        Thread.ofVirtual()
                .name(name + "-output")
                .start(() -> worker.read(process.inputReader(), line -> {
                    try {
                        event.accept(JSON.readTree(line));
                    } catch (JsonProcessingException e) {
                        log.info("{} says: {}", name, line);
                    }
                }));
        Thread.ofVirtual().name(name + "-errors").start(() -> worker.read(process.errorReader(), worker::remember));
        return worker;
    }

    private void read(BufferedReader reader, Consumer<String> line) {
        try (reader) {
            for (String next; (next = reader.readLine()) != null; ) {
                line.accept(next);
            }
        } catch (IOException e) {
            log.debug("{}: its output ended: {}", name, e.getMessage());
        }
    }

    private void remember(String line) {
        if (line.startsWith("WARNING: Using incubator modules")) {
            return; // the JVM says so of the Vector API at each start
        }
        log.info("{} says: {}", name, line);
        synchronized (lastWords) {
            lastWords.addLast(line);
            if (lastWords.size() > LAST_WORDS) {
                lastWords.removeFirst();
            }
        }
    }

    /** Says a line to it, if it still hears. */
    void say(String line) {
        try {
            BufferedWriter input = process.outputWriter();
            synchronized (input) {
                input.write(line);
                input.newLine();
                input.flush();
            }
        } catch (IOException e) {
            log.debug("{}: its input is closed: {}", name, e.getMessage());
        }
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Waits for the end and says how it came, in words. */
    String awaitEnd() throws InterruptedException {
        int status = process.waitFor();
        synchronized (lastWords) {
            return "exit status " + status + (lastWords.isEmpty() ? "" : ", its last words: " + lastWords.getLast());
        }
    }

    /** Ends it: asks first, then insists. Takes {@code 2 * GRACE} at most. */
    @Override
    public void close() {
        try {
            process.outputWriter().close();
        } catch (IOException e) {
            log.debug("{}: its input was closed already: {}", name, e.getMessage());
        }
        try {
            if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("{} did not leave within {} s and is ended", name, GRACE.toSeconds());
                process.destroyForcibly();
                process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
