package io.infergrid.libp2p.pubsub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Gossipsub on real hosts over the loopback interface: threads, queues and hostile peers. */
final class GossipsubTest {

    private static final String TOPIC = "/t";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<Node> nodes = new ArrayList<>();

    private final class Node {
        final Host host;
        final Gossipsub gossip;
        final BlockingQueue<Message> heard = new LinkedBlockingQueue<>();

        Node(UnaryOperator<Gossipsub.Builder> change) throws IOException {
            host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
            var builder = Gossipsub.on(host)
                    .parameters(GossipParameters.DEFAULT.withHeartbeat(Duration.ofMillis(100)))
                    .verifiers(1);
            gossip = change.apply(builder).start();
            nodes.add(this);
        }

        void listen(TopicOptions options) {
            gossip.subscribe(TOPIC, options, heard::add);
        }

        void connect(Node other) throws IOException {
            host.connect(other.host.peerId(), other.host.addresses(), LIMIT);
        }

        String next() throws InterruptedException {
            var message = heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
            return message == null ? "nothing" : new String(message.data(), UTF_8);
        }

        void say(String text) {
            gossip.publish(TOPIC, text.getBytes(UTF_8));
        }

        void awaitListeners(int count) {
            await(() -> gossip.listening(TOPIC).size() >= count);
        }
    }

    private Node node() throws IOException {
        return new Node(UnaryOperator.identity());
    }

    @AfterEach
    void close() {
        nodes.forEach(node -> {
            node.gossip.close();
            node.host.close();
        });
    }

    @Test
    void what_one_says_reaches_all_also_those_it_has_no_connection_with() throws Exception {
        var line = List.of(node(), node(), node(), node());
        line.forEach(node -> node.listen(TopicOptions.DEFAULT));
        for (int i = 1; i < line.size(); i++) {
            line.get(i - 1).connect(line.get(i));
        }
        line.getFirst().awaitListeners(1);
        line.get(1).awaitListeners(2);
        line.get(2).awaitListeners(2);
        await(() -> line.getFirst().gossip.mesh(TOPIC).size() == 1
                && line.get(1).gossip.mesh(TOPIC).size() == 2
                && line.get(2).gossip.mesh(TOPIC).size() == 2);
        line.getFirst().say("hello");
        for (var node : line.subList(1, 4)) {
            assertThat(node.next()).isEqualTo("hello");
        }
        assertThat(line.getFirst().heard).isEmpty();
        assertThat(line.get(3).gossip.protocol(line.get(2).host.peerId())).contains("/meshsub/1.2.0");
    }

    @Test
    void a_message_as_large_as_allowed_arrives_and_a_larger_one_is_refused_at_once() throws Exception {
        var a = node();
        var b = node();
        b.listen(TopicOptions.DEFAULT);
        a.connect(b);
        a.awaitListeners(1);
        int most = GossipLimits.DEFAULT.rpcBytes() - 1024;
        assertThat(a.gossip.publish(TOPIC, new byte[most])).isEqualTo(1);
        assertThat(b.heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
        assertThatThrownBy(() -> a.gossip.publish(TOPIC, new byte[most + 1]))
                .hasMessageContaining("expected at most " + most + " bytes");
    }

    @Test
    void thousands_of_messages_arrive_in_full_and_once_each() throws Exception {
        var a = node();
        var b = node();
        var seen = new HashSet<String>();
        var all = new CountDownLatch(5000);
        b.gossip.subscribe(TOPIC, TopicOptions.DEFAULT.refusingReplays(), message -> {
            if (seen.add(new String(message.data(), UTF_8))) {
                all.countDown();
            }
        });
        a.connect(b);
        a.awaitListeners(1);
        for (int i = 0; i < 5000; i++) {
            a.say("message " + i);
        }
        assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(b.gossip.count(GossipEvent.DELIVERED)).isEqualTo(5000);
    }

    @Test
    void without_signatures_nobody_is_named() throws Exception {
        var a = new Node(Gossipsub.Builder::unsigned);
        var b = new Node(Gossipsub.Builder::unsigned);
        b.listen(TopicOptions.DEFAULT);
        a.connect(b);
        a.awaitListeners(1);
        a.say("who am I");
        var message = b.heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(message).isNotNull();
        assertThat(message.from()).isEmpty();
    }

    @Test
    void a_validator_decides_and_one_that_throws_costs_nobody() throws Exception {
        var a = node();
        var b = node();
        b.listen(TopicOptions.DEFAULT.withValidator((_, message) -> {
            var text = new String(message.data(), UTF_8);
            if (text.equals("broken")) {
                throw new IllegalStateException("a validator with a fault");
            }
            return Verdict.valueOf(text);
        }));
        a.connect(b);
        a.awaitListeners(1);
        a.say("broken");
        a.say("IGNORE");
        a.say("ACCEPT");
        assertThat(b.next()).isEqualTo("ACCEPT");
        assertThat(b.gossip.score(a.host.peerId())).isNotNegative();
        a.say("REJECT");
        await(() -> b.gossip.score(a.host.peerId()) < 0);
        assertThat(b.host.counters().of(Event.GOSSIP_INVALID)).isPositive();
        assertThat(b.heard).isEmpty();
    }

    @Test
    void a_topic_that_was_left_is_not_delivered_and_can_be_joined_again() throws Exception {
        var a = node();
        var b = node();
        var subscription = b.gossip.subscribe(TOPIC, TopicOptions.DEFAULT, b.heard::add);
        a.connect(b);
        a.awaitListeners(1);
        subscription.close();
        await(() -> a.gossip.listening(TOPIC).isEmpty());
        assertThat(a.gossip.publish(TOPIC, new byte[1])).isZero();
        b.listen(TopicOptions.DEFAULT);
        a.awaitListeners(1);
        a.say("again");
        assertThat(b.next()).isEqualTo("again");
    }

    @Test
    void a_peer_that_restarts_is_linked_again() throws Exception {
        var a = node();
        var b = node();
        a.listen(TopicOptions.DEFAULT);
        b.listen(TopicOptions.DEFAULT);
        a.connect(b);
        a.awaitListeners(1);
        b.gossip.close();
        await(() -> a.gossip.peers().isEmpty());
        var again = Gossipsub.on(b.host).start();
        try {
            again.subscribe(TOPIC, TopicOptions.DEFAULT, b.heard::add);
            a.awaitListeners(1);
            a.say("welcome back");
            assertThat(b.next()).isEqualTo("welcome back");
        } finally {
            again.close();
        }
    }

    @Test
    void a_peer_that_reads_nothing_loses_messages_and_holds_up_nobody() throws Exception {
        var memory = GossipLimits.DEFAULT.memory();
        var small = new GossipLimits.Memory(
                memory.topicsPerPeer(),
                memory.seen(),
                memory.cacheBytes(),
                memory.readBytes(),
                memory.verifying(),
                memory.verifyingBytes(),
                memory.verifyingPerPeer(),
                256 * 1024,
                memory.retainedScores(),
                memory.authors(),
                memory.deliveries());
        var a = new Node(builder -> builder.limits(GossipLimits.DEFAULT.withMemory(small)));
        var b = node();
        b.listen(TopicOptions.DEFAULT);
        a.connect(b);
        try (var stranger = new Stranger(a)) {
            stranger.send(subscribe());
            a.awaitListeners(2);
            // its window takes some, then its queue, and the rest is lost to it
            for (int i = 0; i < 200; i++) {
                a.gossip.publish(TOPIC, new byte[64 * 1024]);
                assertThat(b.heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
            }
            assertThat(a.gossip.count(GossipEvent.SLOW_PEER)).isPositive();
            assertThat(a.gossip.queuedBytes().values()).allMatch(bytes -> bytes <= 256 * 1024);
        }
    }

    // ---- hostile peers: one for each way to misbehave on the wire ----

    @Test
    void bytes_that_are_no_rpc_end_on_the_graylist_and_are_reported() throws Exception {
        var a = node();
        a.listen(TopicOptions.DEFAULT);
        try (var stranger = new Stranger(a)) {
            stranger.send(subscribe());
            a.awaitListeners(1);
            stranger.raw(new byte[] {3, (byte) 0xff, (byte) 0xff, (byte) 0xff});
            await(() -> a.host.counters().of(Event.MALFORMED) > 0);
            await(() -> a.gossip.score(stranger.host.peerId())
                    < ScoreParameters.DEFAULT.thresholds().graylist());
            await(() -> a.gossip.mesh(TOPIC).isEmpty());
        }
    }

    @Test
    void an_rpc_that_is_announced_larger_than_allowed_is_not_read() throws Exception {
        var a = node();
        try (var stranger = new Stranger(a)) {
            stranger.raw(Uvarint.encode(GossipLimits.DEFAULT.rpcBytes() + 1));
            await(() -> a.host.counters().of(Event.MALFORMED) > 0);
            stranger.awaitReset();
        }
    }

    @Test
    void forged_signatures_end_on_the_graylist_and_nobody_hears_them() throws Exception {
        var a = node();
        a.listen(TopicOptions.DEFAULT);
        var author = PrivateKey.generate();
        try (var stranger = new Stranger(a)) {
            stranger.send(subscribe());
            a.awaitListeners(1);
            // on and on: what comes before the first was verified is not looked at with suspicion yet
            var sent = new AtomicInteger();
            await(() -> {
                stranger.sendIfHeard(forged(author, sent.incrementAndGet()));
                return stranger.hungUp || a.gossip.count(GossipEvent.GRAYLISTED) > 0;
            });
            assertThat(a.heard).isEmpty();
            assertThat(a.host.counters().of(Event.GOSSIP_INVALID)).isPositive();
            assertThat(a.gossip.score(stranger.host.peerId()))
                    .isLessThan(ScoreParameters.DEFAULT.thresholds().graylist());
            stranger.sendIfHeard(Rpc.of(Message.signed(TOPIC, "too late".getBytes(UTF_8), 99, author)));
            assertThat(a.heard).isEmpty();
        }
    }

    private static Rpc forged(PrivateKey author, int number) {
        var real = Message.signed(TOPIC, "real".getBytes(UTF_8), number, author);
        var sequence = java.nio.ByteBuffer.allocate(8).putLong(number).array();
        return Rpc.of(
                Message.of(real.author(), "forged".getBytes(UTF_8), sequence, TOPIC, author.sign(new byte[] {1})));
    }

    @Test
    void spam_from_one_is_verified_within_bounds_and_does_not_keep_out_the_others() throws Exception {
        var a = node();
        var b = node();
        var c = node();
        c.listen(TopicOptions.DEFAULT.withValidator((_, message) ->
                new String(message.data(), UTF_8).startsWith("spam") ? Verdict.REJECT : Verdict.ACCEPT));
        a.connect(c);
        a.awaitListeners(1);
        try (var stranger = new Stranger(c)) {
            var author = PrivateKey.generate();
            var batch = new ArrayList<Message>();
            for (int i = 0; i < 200; i++) {
                batch.add(Message.signed(TOPIC, ("spam " + i).getBytes(UTF_8), i + 1, author));
            }
            var none = List.<List<MessageId>>of();
            stranger.send(new Rpc(List.of(), batch, List.of(), none, List.of(), List.of(), none));
            a.say("ham");
            assertThat(c.next()).isEqualTo("ham");
            await(() -> c.gossip.score(stranger.host.peerId())
                    < ScoreParameters.DEFAULT.thresholds().graylist());
        }
        assertThat(b.heard).isEmpty();
    }

    /** A host without gossipsub that writes RPCs by hand. */
    private static final class Stranger implements AutoCloseable {
        final Host host;
        private final Stream stream;
        private boolean hungUp;

        Stranger(Node victim) throws IOException {
            host = new HostBuilder().start();
            // it takes the victim's stream and reads nothing
            host.handle(Version.V1_2.protocol(), stream -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    stream.reset();
                }
            });
            host.connect(victim.host.peerId(), victim.host.addresses(), LIMIT);
            stream = host.open(victim.host.peerId(), Version.V1_2.protocol(), LIMIT);
        }

        void send(Rpc rpc) throws IOException {
            var bytes = rpc.encode();
            raw(Uvarint.encode(bytes.length));
            raw(bytes);
        }

        /** The same, to one that may have hung up: who misbehaves often enough is banned. */
        void sendIfHeard(Rpc rpc) {
            try {
                send(rpc);
            } catch (IOException e) {
                hungUp = true;
            }
        }

        void raw(byte[] bytes) throws IOException {
            stream.out().write(bytes);
            stream.out().flush();
        }

        void awaitReset() {
            stream.timeout(LIMIT);
            assertThatThrownBy(() -> stream.in().read()).isInstanceOf(IOException.class);
        }

        @Override
        public void close() {
            host.close();
        }
    }

    private static Rpc subscribe() {
        return new Rpc(
                List.of(new Rpc.Subscription(true, TOPIC)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 6 * LIMIT.toNanos() / 2;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time is up").isLessThan(deadline);
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
