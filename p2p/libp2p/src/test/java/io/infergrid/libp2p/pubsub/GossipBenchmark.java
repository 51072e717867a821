package io.infergrid.libp2p.pubsub;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.management.OperatingSystemMXBean;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * How many signed messages one host verifies and delivers a second of processor time: another host sends messages that were signed before by
 * many authors, over one connection on the loopback interface. Both hosts are in one JVM, so the sender's and the transport's time is in the
 * figure too; {@code verify} alone is beside it.
 *
 * <pre>GossipBenchmark [--messages 20000] [--bytes 256] [--runs 5] [--json]</pre>
 */
public final class GossipBenchmark {

    private static final String TOPIC = "/benchmark/1";
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int AUTHORS = 64;

    private final int messages;
    private final int bytes;
    private long nextNumber = 1;

    private GossipBenchmark(int messages, int bytes) {
        this.messages = messages;
        this.bytes = bytes;
    }

    public static void main(String[] arguments) throws Exception {
        ((Logger) LoggerFactory.getLogger("io.infergrid.libp2p")).setLevel(Level.WARN);
        int messages = 20_000;
        int bytes = 256;
        int runs = 5;
        boolean json = false;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--messages" -> messages = Integer.parseInt(arguments[++i]);
                case "--bytes" -> bytes = Integer.parseInt(arguments[++i]);
                case "--runs" -> runs = Integer.parseInt(arguments[++i]);
                case "--json" -> json = true;
                default ->
                    throw new IllegalArgumentException(
                            "expected --messages, --bytes, --runs or --json, found " + arguments[i]);
            }
        }
        print(new GossipBenchmark(messages, bytes).run(runs), json);
    }

    private Map<String, Object> run(int runs) throws Exception {
        var whole = new ArrayList<Long>();
        var verify = new ArrayList<Long>();
        deliver(); // warm-up
        verify();
        for (int i = 0; i < runs; i++) {
            whole.add(deliver());
            verify.add(verify());
        }
        var results = new TreeMap<String, Object>();
        results.put("messages", messages);
        results.put("bytes", bytes);
        results.put("authors", AUTHORS);
        results.put("delivered_per_processor_second", whole);
        results.put("verified_per_processor_second", verify);
        results.put("java", Runtime.version().toString());
        results.put("processors", Runtime.getRuntime().availableProcessors());
        return results;
    }

    /** From the first byte sent to the last message delivered, in messages a second of processor time of the whole process. */
    private long deliver() throws Exception {
        var batch = signed();
        try (Host sender = new HostBuilder().start();
                Host receiver = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
                var gossip = Gossipsub.on(receiver).verifiers(1).start()) {
            var all = new CountDownLatch(messages);
            gossip.subscribe(TOPIC, TopicOptions.DEFAULT.refusingReplays(), _ -> all.countDown());
            sender.handle(Version.V1_2.protocol(), stream -> stream.in().transferTo(OutputStream.nullOutputStream()));
            sender.connect(receiver.peerId(), receiver.addresses(), LIMIT);
            var stream = sender.open(receiver.peerId(), Version.V1_2.protocol(), LIMIT);
            long before = processorNanos();
            for (int at = 0; at < messages; at += 100) {
                var rpc = new Rpc(
                        List.of(),
                        batch.subList(at, Math.min(messages, at + 100)),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of());
                var encoded = rpc.encode();
                stream.out().write(Uvarint.encode(encoded.length));
                stream.out().write(encoded);
            }
            stream.out().flush();
            if (!all.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("expected all messages, found " + gossip.counts());
            }
            return perSecond(processorNanos() - before);
        }
    }

    private long verify() throws Exception {
        var batch = signed();
        var keys = new TreeMap<String, PublicKey>();
        long before = processorNanos();
        for (var message : batch) {
            var key = keys.get(message.from().orElseThrow().toString());
            if (key == null) {
                key = message.authorKey();
                keys.put(message.from().orElseThrow().toString(), key);
            }
            if (!message.verify(key)) {
                throw new IllegalStateException("expected a good signature");
            }
        }
        return perSecond(processorNanos() - before);
    }

    private List<Message> signed() {
        var batch = new ArrayList<Message>(messages);
        var authors = new ArrayList<PrivateKey>();
        for (int i = 0; i < AUTHORS; i++) {
            authors.add(PrivateKey.generate());
        }
        for (int i = 0; i < messages; i++) {
            batch.add(Message.signed(TOPIC, new byte[bytes], nextNumber++, authors.get(i % AUTHORS)));
        }
        return batch;
    }

    private long perSecond(long nanos) {
        return Math.round(messages * 1e9 / nanos);
    }

    private static long processorNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static void print(Map<String, Object> results, boolean json) throws Exception {
        if (json) {
            System.out.println(JsonMapper.builder().build().writeValueAsString(results));
            return;
        }
        results.forEach((name, value) -> System.out.printf(Locale.ROOT, "%-34s %s%n", name, value));
    }
}
