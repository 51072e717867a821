package io.infergrid.libp2p.quic;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A js-libp2p node over QUIC in a process of its own ({@code src/test/node/peer.mjs}), told what to do one thing at a time. */
final class JsPeer implements AutoCloseable {

    private static final Path DIRECTORY = Path.of("src", "test", "node");
    private static final long SECONDS = 120;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Process process;
    private final Writer commands;
    private final BlockingQueue<JsonNode> replies = new LinkedBlockingQueue<>();
    private final JsonNode ready;
    private int id;

    private JsPeer(Process process) throws IOException {
        this.process = process;
        commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("js-peer-output").start(this::readOutput);
        ready = next();
    }

    /** Starts a node with that kind of key, or skips the test that asks for it where Node or its packages are missing. */
    static JsPeer start(String kindOfKey) throws IOException {
        assumeTrue(hasNode(), "skipped: Node.js 20 or later is not on the path, so there is no js-libp2p to talk to");
        assumeTrue(
                isInstalled(),
                "skipped: the packages of js-libp2p are missing; run npm ci --ignore-scripts in p2p/libp2p-quic/"
                        + DIRECTORY);
        return launch(kindOfKey);
    }

    static boolean isInstalled() {
        return Files.isDirectory(DIRECTORY.resolve("node_modules"));
    }

    /** Starts a node where there has to be one. */
    static JsPeer launch(String kindOfKey) throws IOException {
        return new JsPeer(new ProcessBuilder("node", "peer.mjs", kindOfKey)
                .directory(DIRECTORY.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    private static boolean hasNode() {
        try {
            return new ProcessBuilder("node", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    PeerId peerId() {
        return PeerId.parse(ready.get("peerId").asText());
    }

    List<Multiaddr> addresses() {
        return List.of(Multiaddr.parse(ready.get("listening").get(0).asText()));
    }

    /** Runs a command and returns its reply, {@code ok} or not. */
    synchronized JsonNode ask(String command, Map<String, ?> fields) throws IOException {
        var line = new TreeMap<String, Object>(fields);
        line.put("cmd", command);
        line.put("id", ++id);
        commands.write(JSON.writeValueAsString(line) + "\n");
        commands.flush();
        while (true) {
            var reply = next();
            if (reply.get("id").asInt() == id) {
                return reply;
            }
        }
    }

    /** Runs a command that must succeed. */
    JsonNode tell(String command, Map<String, ?> fields) throws IOException {
        var reply = ask(command, fields);
        if (!reply.get("ok").asBoolean()) {
            throw new IOException("js-libp2p could not " + command + ": " + reply);
        }
        return reply;
    }

    private JsonNode next() throws IOException {
        try {
            var message = replies.poll(SECONDS, TimeUnit.SECONDS);
            if (message == null) {
                throw new IOException("js-libp2p said nothing within " + SECONDS + " s");
            }
            return message;
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private void readOutput() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = lines.readLine()) != null; ) {
                var message = JSON.readTree(line);
                if (message.has("reply") || message.get("event").asText().equals("ready")) {
                    replies.add(message);
                }
            }
        } catch (IOException e) {
            if (process.isAlive()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
