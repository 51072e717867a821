package io.infergrid.libp2p.interop;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A js-libp2p node in a process of its own ({@code src/test/node/peer.mjs}), told what to do by JSON lines. */
public final class JsPeer implements AutoCloseable {

    private static final Path DIRECTORY = Path.of("src", "test", "node");
    private static final long SECONDS = 30;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Process process;
    private final Writer commands;
    private final Map<Integer, CompletableFuture<JsonNode>> replies = new ConcurrentHashMap<>();
    private final LinkedBlockingQueue<JsonNode> events = new LinkedBlockingQueue<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final JsonNode ready;
    private volatile boolean closed;

    private JsPeer(Process process) throws IOException {
        this.process = process;
        commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().name("js-peer-output").start(this::readOutput);
        ready = event("ready");
    }

    /** Starts a node without DHT and gossip, or skips the test that asks for it where Node or its packages are missing. */
    public static JsPeer start(String... flags) throws IOException {
        var all = new ArrayList<>(List.of("--kad", "off", "--no-gossip"));
        all.addAll(List.of(flags));
        return startWith(all);
    }

    /** Starts a node with those flags and no others ({@code peer.mjs} lists them at its head), or skips the test. */
    public static JsPeer startWith(List<String> flags) throws IOException {
        return startIn(List.of(), flags);
    }

    /**
     * The same by another command.
     *
     * @param launcher what to put before {@code node}, e.g. {@code ip netns exec <namespace>}
     */
    public static JsPeer startIn(List<String> launcher, List<String> flags) throws IOException {
        assumeTrue(hasNode(), "skipped: Node.js 20 or later is not on the path, so there is no js-libp2p to talk to");
        assumeTrue(
                Files.isDirectory(DIRECTORY.resolve("node_modules")),
                "skipped: the packages of js-libp2p are missing; run npm ci --ignore-scripts in p2p/libp2p/"
                        + DIRECTORY);
        var command = new ArrayList<>(launcher);
        command.addAll(List.of("node", "peer.mjs"));
        command.addAll(flags);
        return new JsPeer(new ProcessBuilder(command)
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

    public PeerId peerId() {
        return PeerId.parse(ready.get("peerId").asText());
    }

    public List<Multiaddr> addresses() {
        var result = new ArrayList<Multiaddr>();
        ready.get("listening").forEach(a -> result.add(Multiaddr.parse(a.asText())));
        return result;
    }

    /** Runs a command and returns its reply, {@code ok} or not. */
    public JsonNode ask(String command, Map<String, ?> fields) throws IOException {
        int id = ids.incrementAndGet();
        var reply = new CompletableFuture<JsonNode>();
        replies.put(id, reply);
        var line = new TreeMap<String, Object>(fields);
        line.put("cmd", command);
        line.put("id", id);
        commands.write(JSON.writeValueAsString(line) + "\n");
        commands.flush();
        try {
            return reply.get(SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IOException("js-libp2p did not answer " + line, e);
        }
    }

    /** Runs a command that must succeed. */
    public JsonNode tell(String command, Map<String, ?> fields) throws IOException {
        var reply = ask(command, fields);
        if (!reply.get("ok").asBoolean()) {
            throw new IOException("js-libp2p could not " + command + ": " + reply);
        }
        return reply;
    }

    /** The next event of that name; others before it are dropped. */
    public JsonNode event(String name) throws IOException {
        try {
            while (true) {
                var event = events.poll(SECONDS, TimeUnit.SECONDS);
                if (event == null) {
                    throw new IOException("js-libp2p did not say " + name + " within " + SECONDS + " s");
                }
                if (event.get("event").asText().equals(name)) {
                    return event;
                }
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private void readOutput() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = lines.readLine()) != null; ) {
                var message = JSON.readTree(line);
                if (message.has("event")) {
                    events.add(message);
                } else if (message.has("id")) {
                    var reply = replies.remove(message.get("id").asInt());
                    if (reply != null) {
                        reply.complete(message);
                    }
                }
            }
        } catch (IOException e) {
            if (process.isAlive() && !closed) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        process.destroy();
    }
}
