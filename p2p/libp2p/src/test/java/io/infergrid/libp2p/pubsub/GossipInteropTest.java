package io.infergrid.libp2p.pubsub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.interop.JsPeer;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gossip with js-libp2p, each way: Java dials and js dials, Java speaks and js speaks. */
final class GossipInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String REJECTING = "/rejecting/1"; // where js rejects what begins with "bad"

    private static final List<JsPeer> THREE = new ArrayList<>();

    private final List<Node> nodes = new ArrayList<>();

    private final class Node {
        final Host host;
        final Gossipsub gossip;
        final BlockingQueue<Message> heard = new LinkedBlockingQueue<>();

        Node(UnaryOperator<Gossipsub.Builder> change) throws IOException {
            host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
            gossip = change.apply(Gossipsub.on(host).verifiers(1)).start();
            nodes.add(this);
        }

        Node listen(String topic) {
            return listen(topic, TopicOptions.DEFAULT);
        }

        Node listen(String topic, TopicOptions options) {
            gossip.subscribe(topic, options, heard::add);
            return this;
        }

        Node dial(JsPeer js) throws IOException {
            host.connect(js.peerId(), js.addresses(), LIMIT);
            return this;
        }

        void dial(Node other) throws IOException {
            host.connect(other.host.peerId(), other.host.addresses(), LIMIT);
        }

        Node dialledBy(JsPeer js) throws IOException {
            js.tell("dial", Map.of("addr", host.addresses().getFirst().toString()));
            return this;
        }

        byte[] next() throws InterruptedException {
            var message = heard.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(message).as("a message within " + LIMIT).isNotNull();
            return message.data();
        }

        String nextText() throws InterruptedException {
            return new String(next(), UTF_8);
        }

        void say(String topic, String text) {
            gossip.publish(topic, text.getBytes(UTF_8));
        }

        String id() {
            return host.peerId().toString();
        }
    }

    /** Something about the world that becomes true. */
    private interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    private static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + 3 * LIMIT.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** Three js peers of the newest version, started once. */
    private static synchronized List<JsPeer> three() throws IOException {
        while (THREE.size() < 3) {
            THREE.add(JsPeer.startWith(List.of(
                    "--kad",
                    "off",
                    "--topic",
                    REJECTING,
                    "--gossip-reject",
                    "bad",
                    "--gossip-score",
                    "--gossip-accept-px",
                    "0")));
        }
        return List.copyOf(THREE);
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

    @AfterAll
    static void stop() {
        THREE.forEach(JsPeer::close);
        THREE.clear();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/meshsub/1.0.0", "/meshsub/1.1.0", "/meshsub/1.2.0"})
    void each_version_is_spoken_both_ways_and_js_passes_on_what_java_signed(String version) throws Exception {
        try (var js = JsPeer.startWith(List.of("--kad", "off", "--topic", "/t", "--gossip-protocol", version))) {
            var dialling = node().listen("/t").dial(js);
            var dialled = node().listen("/t").dialledBy(js);
            linked(js, "/t", dialling, dialled);
            assertThat(dialling.gossip.protocol(js.peerId())).contains(version);
            assertThat(dialled.gossip.protocol(js.peerId())).contains(version);
            dialling.say("/t", "from Java");
            assertThat(text(message(js, "/t"))).isEqualTo("from Java");
            assertThat(dialled.nextText()).isEqualTo("from Java"); // js found the signature good and passed it on
            js.tell("publish", Map.of("topic", "/t", "data", "from js"));
            assertThat(dialling.nextText()).isEqualTo("from js");
            assertThat(dialled.nextText()).isEqualTo("from js");
        }
    }

    @Test
    void a_java_peer_of_an_older_version_is_understood() throws Exception {
        var js = three().getFirst();
        js.tell("subscribe", Map.of("topic", "/older"));
        var old = new Node(builder -> builder.newest("/meshsub/1.0.0"))
                .listen("/older")
                .dial(js);
        var middle = new Node(builder -> builder.newest("/meshsub/1.1.0"))
                .listen("/older")
                .dialledBy(js);
        linked(js, "/older", old, middle);
        assertThat(old.gossip.protocol(js.peerId())).contains("/meshsub/1.0.0");
        assertThat(middle.gossip.protocol(js.peerId())).contains("/meshsub/1.1.0");
        old.say("/older", "hello");
        assertThat(text(message(js, "/older"))).isEqualTo("hello");
        assertThat(middle.nextText()).isEqualTo("hello");
    }

    @Test
    void unsigned_messages_go_both_ways_and_signed_ones_are_refused_there() throws Exception {
        var flags = List.of("--kad", "off", "--topic", "/t", "--gossip-sign", "none");
        try (var js = JsPeer.startWith(flags)) {
            UnaryOperator<Gossipsub.Builder> plain =
                    builder -> builder.unsigned().ids(GossipInteropTest::hash);
            var a = new Node(plain).listen("/t").dial(js);
            var b = new Node(plain).listen("/t").dialledBy(js);
            linked(js, "/t", a, b);
            a.say("/t", "nobody says");
            var message = message(js, "/t");
            assertThat(text(message)).isEqualTo("nobody says");
            assertThat(message.get("signed").asBoolean()).isFalse();
            assertThat(b.nextText()).isEqualTo("nobody says");
            js.tell("publish", Map.of("topic", "/t", "data", "nor does js"));
            assertThat(a.nextText()).isEqualTo("nor does js");
            var signing = node().listen("/t").dial(js);
            await("a link", () -> signing.gossip.listening("/t").contains(js.peerId()));
            js.tell("publish", Map.of("topic", "/t", "data", "unsigned"));
            await("a refusal", () -> signing.gossip.count(GossipEvent.BAD_SIGNATURE) > 0);
            assertThat(signing.heard).isEmpty();
        }
    }

    @Test
    void large_messages_go_both_ways_and_are_announced_so_that_they_come_once() throws Exception {
        var js = three().getFirst();
        js.tell("subscribe", Map.of("topic", "/large"));
        var a = node().listen("/large").dial(js);
        var b = node().listen("/large").dialledBy(js);
        a.dial(b);
        linked(js, "/large", a, b);
        var large = new byte[1_000_000];
        new Random(1).nextBytes(large);
        a.gossip.publish("/large", large);
        var heard = message(js, "/large");
        assertThat(heard.get("bytes").asInt()).isEqualTo(large.length);
        assertThat(heard.get("sha256").asText()).isEqualTo(sha256(large));
        assertThat(b.next()).isEqualTo(large);
        js.tell("publish", Map.of("topic", "/large", "bytes", large.length));
        assertThat(a.next()).hasSize(large.length);
        assertThat(b.next()).hasSize(large.length);
        await("js heeds IDONTWANT of Java", () -> {
            a.gossip.publish("/large", Arrays.copyOf(large, 100_000));
            message(js, "/large");
            return mesh(js, "/large").path("unwanted").path(b.id()).asInt() > 0;
        });
    }

    @Test
    void a_large_message_that_js_has_is_not_sent_to_it() throws Exception {
        var js = three().getFirst();
        js.tell("subscribe", Map.of("topic", "/spared"));
        var a = node().listen("/spared").dial(js);
        var b = node();
        b.listen("/spared", TopicOptions.DEFAULT.withValidator((_, _) -> {
            while (b.gossip.count(GossipEvent.UNWANTED) == 0) { // js says so as soon as it has it from the other
                Thread.onSpinWait();
            }
            return Verdict.ACCEPT;
        }));
        b.dialledBy(js);
        a.dial(b);
        linked(js, "/spared", a, b);
        a.gossip.publish("/spared", new byte[100_000]);
        assertThat(b.next()).hasSize(100_000);
        await("b is done with it", () -> b.gossip.count(GossipEvent.DELIVERED) > 0);
        assertThat(b.gossip.count(GossipEvent.FORWARDED)).isZero();
    }

    @Test
    void what_is_rejected_costs_score_on_both_sides() throws Exception {
        var js = three().getFirst();
        var rejected = node().listen(REJECTING).dial(js);
        linked(js, REJECTING, rejected);
        rejected.say(REJECTING, "bad news");
        await(
                "js thinks less of Java",
                () -> mesh(js, REJECTING).get("scores").path(rejected.id()).asDouble() < 0);
        await("and has no link to it", () -> !members(js, REJECTING).contains(rejected.id()));

        js.tell("subscribe", Map.of("topic", "/strict"));
        var rejecting = node().listen("/strict", TopicOptions.DEFAULT.withValidator((_, _) -> Verdict.REJECT));
        rejecting.dial(js);
        linked(js, "/strict", rejecting);
        js.tell("publish", Map.of("topic", "/strict", "data", "anything"));
        await("Java thinks less of js", () -> rejecting.gossip.score(js.peerId()) < 0);
        await("and has no link to it", () -> rejecting.gossip.mesh("/strict").isEmpty());
        assertThat(rejecting.heard).isEmpty();
    }

    @Test
    void a_java_peer_that_js_prunes_goes_to_those_that_js_names() throws Exception {
        var flags = List.of("--kad", "off", "--topic", "/px", "--gossip-px", "--gossip-degree", "1");
        var trusting = ScoreParameters.DEFAULT.withThresholds(new ScoreParameters.Thresholds(-10, -50, -80, 0, 5));
        try (var js = JsPeer.startWith(flags)) {
            var java = new ArrayList<Node>();
            for (int i = 0; i < 4; i++) {
                java.add(new Node(builder -> builder.score(trusting))
                        .listen("/px")
                        .dial(js));
            }
            await(
                    "a Java peer dials another",
                    () -> java.stream().anyMatch(node -> node.host.connections().size() > 1));
        }
    }

    @Test
    void a_js_peer_that_java_prunes_goes_to_those_that_java_names() throws Exception {
        var peers = three();
        var small =
                GossipParameters.DEFAULT.withPeerExchange(true).withMesh(new GossipParameters.Mesh(2, 2, 2, 1, 1, 1));
        var java = new Node(builder -> builder.parameters(small)).listen("/px");
        for (var js : peers) {
            js.tell("subscribe", Map.of("topic", "/px"));
            java.dialledBy(js);
        }
        await("a js peer dials another", () -> {
            for (var js : peers) {
                for (var connection : js.tell("connections", Map.of()).get("connections")) {
                    for (var other : peers) {
                        if (connection
                                .get("peer")
                                .asText()
                                .equals(other.peerId().toString())) {
                            return true;
                        }
                    }
                }
            }
            return false;
        });
    }

    @Test
    void three_js_and_three_java_peers_hear_each_other_along_a_line() throws Exception {
        var js = three();
        var java = List.of(node().listen("/mesh"), node().listen("/mesh"), node().listen("/mesh"));
        for (var peer : js) {
            peer.tell("subscribe", Map.of("topic", "/mesh"));
        }
        for (int i = 0; i < 3; i++) { // java 0 - js 0 - java 1 - js 1 - java 2 - js 2
            java.get(i).dial(js.get(i));
            if (i > 0) {
                java.get(i).dialledBy(js.get(i - 1));
            }
        }
        linked(js.get(0), "/mesh", java.get(0), java.get(1));
        linked(js.get(1), "/mesh", java.get(1), java.get(2));
        linked(js.get(2), "/mesh", java.get(2));
        var said = new HashSet<String>();
        for (int i = 0; i < 3; i++) {
            java.get(i).say("/mesh", "java " + i);
            js.get(i).tell("publish", Map.of("topic", "/mesh", "data", "js " + i));
            said.add("java " + i);
            said.add("js " + i);
        }
        for (int i = 0; i < 3; i++) {
            var heard = new HashSet<String>();
            while (heard.size() < 5) {
                heard.add(java.get(i).nextText());
            }
            assertThat(heard).isEqualTo(without(said, "java " + i));
            heard.clear();
            while (heard.size() < 5) {
                heard.add(text(message(js.get(i), "/mesh")));
            }
            assertThat(heard).isEqualTo(without(said, "js " + i));
        }
    }

    private static Set<String> without(Set<String> all, String one) {
        var rest = new HashSet<>(all);
        rest.remove(one);
        return rest;
    }

    /** Waits until the peers are in each other's meshes. */
    private static void linked(JsPeer js, String topic, Node... peers) throws Exception {
        for (var peer : peers) {
            await("js has Java in its mesh", () -> members(js, topic).contains(peer.id()));
            await("Java has js in its mesh", () -> peer.gossip.mesh(topic).contains(js.peerId()));
        }
    }

    private static Set<String> members(JsPeer js, String topic) throws IOException {
        var members = new HashSet<String>();
        mesh(js, topic).get("mesh").forEach(peer -> members.add(peer.asText()));
        return members;
    }

    private static JsonNode mesh(JsPeer js, String topic) throws IOException {
        return js.tell("mesh", Map.of("topic", topic));
    }

    private static JsonNode message(JsPeer js, String topic) throws IOException {
        var message = js.event("message");
        while (!message.get("topic").asText().equals(topic)) {
            message = js.event("message");
        }
        return message;
    }

    private static String text(JsonNode message) {
        return message.get("data").asText();
    }

    /** As the js peers compute it for unsigned messages. */
    private static MessageId hash(Message message) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(message.topic().getBytes(UTF_8));
            return new MessageId(digest.digest(message.data()));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
