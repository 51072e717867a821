package io.infergrid.libp2p.netns;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A {@link PeerProcess} inside a namespace, told what to do. */
public final class LabPeer implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(45);

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;
    private final PeerId peerId;
    private final List<Multiaddr> addresses;

    private LabPeer(Process process) throws IOException {
        this.process = process;
        commands = process.outputWriter(StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
        var words = line().split(" ");
        if (!words[0].equals("ready")) {
            throw new IOException("expected a peer that is ready, found " + Arrays.toString(words));
        }
        peerId = PeerId.parse(words[1]);
        addresses = Arrays.stream(words).skip(2).map(Multiaddr::parse).toList();
    }

    /** Starts one; the lab ends it. */
    public static LabPeer start(NetworkLab lab, String namespace, String... options) throws IOException {
        var command = new ArrayList<>(NetworkLab.inside(namespace));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                PeerProcess.class.getName()));
        command.addAll(List.of(options));
        var log = System.getProperty("infergrid.lab.log");
        var process = new ProcessBuilder(command)
                .redirectError(
                        log == null
                                ? ProcessBuilder.Redirect.DISCARD
                                : ProcessBuilder.Redirect.appendTo(
                                        Path.of(log + namespace).toFile()))
                .start();
        try {
            return lab.kept(new LabPeer(process));
        } catch (IOException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    public PeerId peerId() {
        return peerId;
    }

    /** Where it listened when it started. */
    public Multiaddr address() {
        return addresses.getFirst();
    }

    /** Runs a command and returns its answer, which must be ok. */
    public String tell(String command) throws IOException {
        var answer = ask(command);
        if (!answer.startsWith("ok")) {
            throw new IOException(command + ": " + answer);
        }
        return answer.substring(2).trim();
    }

    /** Runs a command and returns its answer, ok or not. */
    public String ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        return line();
    }

    /** Asks again until the answer is as wanted. */
    public String until(String command, Predicate<String> wanted) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            var answer = ask(command);
            if (wanted.test(answer)) {
                return answer;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(command + ": the last answer within " + PATIENCE + " was " + answer
                        + "; counters " + ask("counters"));
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private String line() throws IOException {
        var line = answers.readLine();
        if (line == null) {
            throw new IOException("the peer's process ended");
        }
        // what else a library prints to the output is no answer
        return line.startsWith("ok") || line.startsWith("failed") || line.startsWith("ready") ? line : line();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
