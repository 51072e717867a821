package io.infergrid.libp2p.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.kad.Contact;
import io.infergrid.libp2p.kad.KadSettings;
import io.infergrid.libp2p.kad.Kademlia;
import io.infergrid.libp2p.kad.ProvidedKeys;
import io.infergrid.libp2p.kad.PublicKeyRecords;
import io.infergrid.libp2p.kad.RecordNamespace;
import io.infergrid.libp2p.kad.SignedRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Two nodes of js-libp2p that know each other, and nodes of ours that know one of them, in one DHT with a prefix of its own. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KadInteropTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String PROTOCOL = "/rig/kad/1.0.0";

    private JsPeer near;
    private JsPeer far;
    private final List<AutoCloseable> open = new ArrayList<>();

    /** Records under {@code /rig/...} that any value is good for, as the js nodes have it. */
    private static final class Unchecked implements RecordNamespace {
        @Override
        public String name() {
            return "rig";
        }

        @Override
        public Verdict check(byte[] key, byte[] value, Instant now) {
            return Verdict.ACCEPT;
        }

        @Override
        public boolean prefers(byte[] key, byte[] candidate, byte[] current) {
            return false;
        }
    }

    private record Node(Host host, Kademlia kad) implements AutoCloseable {
        @Override
        public void close() {
            kad.close();
            host.close();
        }
    }

    @BeforeAll
    void startJs() throws IOException {
        near = JsPeer.start("--kad", PROTOCOL);
        far = JsPeer.start("--kad", PROTOCOL, "--kad-namespace", "rig");
        near.tell("dial", Map.of("addr", far.addresses().getFirst().toString()));
    }

    @AfterAll
    void stopJs() {
        if (near != null) {
            near.close();
        }
        if (far != null) {
            far.close();
        }
    }

    @AfterEach
    void stopOurs() throws Exception {
        for (var node : open.reversed()) {
            node.close();
        }
        open.clear();
    }

    private Node node(Kademlia.Mode mode) throws Exception {
        return node(mode, PROTOCOL);
    }

    private Node node(Kademlia.Mode mode, String protocol) throws Exception {
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        var settings = KadSettings.DEFAULT
                .withProtocol(protocol)
                .withMode(mode)
                .withNamespaces(List.of(new PublicKeyRecords(), new SignedRecords("infergrid"), new Unchecked()));
        var kad = Kademlia.start(host, settings, ProvidedKeys.inMemory(), InstantSource.system(), new Random(1));
        var node = new Node(host, kad);
        open.add(node);
        kad.bootstrap(near.addresses(), LIMIT);
        return node;
    }

    private static void awaitIdentified(Node node, PeerId peer) throws InterruptedException {
        var identified = new CountDownLatch(1);
        node.host().addListener(new HostListener() {
            @Override
            public void identified(Connection connection, PeerInfo info) {
                if (connection.remote().equals(peer)) {
                    identified.countDown();
                }
            }
        });
        assertThat(node.host().info(peer).isPresent() || identified.await(30, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void we_find_a_js_peer_that_another_one_knows() throws Exception {
        var ours = node(Kademlia.Mode.CLIENT);
        assertThat(ours.kad().findPeer(far.peerId(), LIMIT)).map(Contact::peer).contains(far.peerId());
    }

    @Test
    void js_finds_our_server_over_the_node_between() throws Exception {
        var ours = node(Kademlia.Mode.SERVER);
        ours.host().connect(near.peerId(), near.addresses(), LIMIT);
        var found = far.tell("findPeer", Map.of("peer", ours.host().peerId().toString()));
        assertThat(found.toString()).contains(ours.host().peerId().toString());
    }

    @Test
    void we_find_each_other_over_the_js_nodes() throws Exception {
        var one = node(Kademlia.Mode.SERVER);
        var other = node(Kademlia.Mode.SERVER);
        assertThat(one.kad().findPeer(other.host().peerId(), LIMIT))
                .map(Contact::peer)
                .contains(other.host().peerId());
    }

    @Test
    void js_finds_what_we_provide() throws Exception {
        var ours = node(Kademlia.Mode.CLIENT);
        var key = Multihash.sha256("shard of ours".getBytes(StandardCharsets.UTF_8));
        assertThat(ours.kad().announce(key, LIMIT)).isPositive();
        var found = far.tell("findProviders", Map.of("cid", "shard of ours", "limit", 1));
        assertThat(found.get("providers").toString())
                .contains(ours.host().peerId().toString());
    }

    @Test
    void we_find_what_js_provides() throws Exception {
        var ours = node(Kademlia.Mode.CLIENT);
        var told = far.tell("provide", Map.of("cid", "shard of js"));
        var key = Multihash.decode(HexFormat.of().parseHex(told.get("multihash").asText()));
        // js is answered before those it told have taken it in: ADD_PROVIDER has no answer
        long until = System.nanoTime() + LIMIT.toNanos();
        List<Contact> found = List.of();
        while (found.isEmpty() && System.nanoTime() < until) {
            found = List.copyOf(ours.kad().findProviders(key, 1, LIMIT));
        }
        assertThat(found).map(Contact::peer).containsExactly(far.peerId());
    }

    @Test
    void js_asks_our_server_for_what_was_provided_to_it() throws Exception {
        var server = node(Kademlia.Mode.SERVER);
        var provider = node(Kademlia.Mode.CLIENT);
        provider.host().connect(server.host().peerId(), server.host().addresses(), LIMIT);
        awaitIdentified(provider, server.host().peerId());
        var key = Multihash.sha256("kept by java".getBytes(StandardCharsets.UTF_8));
        assertThat(provider.kad().announce(key, LIMIT)).isPositive();
        awaitProvider("kept by java", provider.host().peerId());
        assertThat(server.kad().records()).isPositive();
    }

    /** Nobody answers a peer that says what it provides, so it is asked for until it is there. */
    private void awaitProvider(String content, PeerId provider) throws IOException {
        String found;
        do {
            found = far.tell("findProviders", Map.of("cid", content, "limit", 1))
                    .get("providers")
                    .toString();
        } while (!found.contains(provider.toString()));
    }

    @Test
    void a_value_that_we_put_is_got_by_js_and_the_other_way_round() throws Exception {
        var ours = node(Kademlia.Mode.SERVER);
        assertThat(ours.kad().put(bytes("/rig/from-java"), bytes("hello js"), LIMIT))
                .isPositive();
        assertThat(far.tell("get", Map.of("key", "/rig/from-java")).toString()).contains("hello js");
        far.tell("put", Map.of("key", "/rig/from-js", "data", "hello java"));
        assertThat(ours.kad().get(bytes("/rig/from-js"), LIMIT).map(KadInteropTest::text))
                .contains("hello java");
    }

    @Test
    void a_public_key_is_put_and_got() throws Exception {
        var ours = node(Kademlia.Mode.CLIENT);
        var key = PrivateKey.generate().publicKey();
        assertThat(ours.kad().put(PublicKeyRecords.key(key.peerId()), key.encode(), LIMIT))
                .isPositive();
        assertThat(ours.kad().get(PublicKeyRecords.key(key.peerId()), LIMIT)).contains(key.encode());
    }

    @Test
    void js_refuses_a_record_of_a_namespace_it_does_not_know() throws Exception {
        var ours = node(Kademlia.Mode.CLIENT);
        var signer = PrivateKey.generate();
        var key = new SignedRecords("infergrid").key(signer.peerId(), "address");
        var value = SignedRecords.sign(signer, key, 1, Instant.now().plusSeconds(600), bytes("here"));
        assertThatThrownBy(() -> ours.kad().put(key, value, LIMIT)).hasMessage("no peer took the record");
    }

    @Test
    void our_server_refuses_a_record_of_a_namespace_it_does_not_know() throws Exception {
        var ours = node(Kademlia.Mode.SERVER);
        var js = JsPeer.start("--kad", PROTOCOL, "--kad-namespace", "strange");
        open.add(js);
        js.tell("dial", Map.of("addr", ours.host().addresses().getFirst().toString()));
        js.ask("put", Map.of("key", "/strange/thing", "data", "x"));
        assertThat(ours.kad().records()).isZero();
        assertThat(ours.host().connection(js.peerId())).as("no crime").isPresent();
    }

    @Test
    void who_serves_another_prefix_is_in_no_table() throws Exception {
        var ours = node(Kademlia.Mode.SERVER, KadSettings.INFERGRID);
        ours.host().connect(near.peerId(), near.addresses(), LIMIT);
        awaitIdentified(ours, near.peerId());
        assertThat(ours.kad().peers()).isEmpty();
        assertThat(ours.kad().findPeer(far.peerId(), Duration.ofSeconds(5))).isEmpty();
    }

    @Test
    void a_client_of_js_is_in_no_table_and_a_client_of_ours_in_none_of_js() throws Exception {
        var js = JsPeer.start("--kad", PROTOCOL, "--kad-mode", "client");
        open.add(js);
        var ours = node(Kademlia.Mode.CLIENT);
        ours.host().connect(js.peerId(), js.addresses(), LIMIT);
        awaitIdentified(ours, js.peerId());
        js.tell("ping", Map.of("addr", ours.host().addresses().getFirst().toString()));
        assertThat(ours.kad().peers()).extracting(Contact::peer).doesNotContain(js.peerId());
        assertThat(js.tell("routingTable", Map.of()).get("size").asInt()).isZero();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
