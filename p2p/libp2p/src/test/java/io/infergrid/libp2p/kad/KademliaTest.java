package io.infergrid.libp2p.kad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.kad.KadMessage.Type;
import io.infergrid.libp2p.kad.Kademlia.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes on the loopback interface, in time that the tests make, with honest peers and others. */
@Timeout(120)
class KademliaTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final KadSettings SERVER = KadSettings.DEFAULT.withMode(Mode.SERVER);
    private static final Multihash KEY = Multihash.sha256(new byte[] {1});

    private final TestClock clock = new TestClock();
    private final List<AutoCloseable> open = new ArrayList<>();

    private record Node(Host host, Kademlia kad) {}

    @AfterEach
    void stop() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    private Host host() throws IOException {
        var host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        open.add(host);
        return host;
    }

    private Node node(KadSettings settings) throws IOException {
        return node(settings, ProvidedKeys.inMemory());
    }

    private Node node(KadSettings settings, ProvidedKeys provided) throws IOException {
        var host = host();
        var kad = Kademlia.start(host, settings, provided, clock, new Random(1));
        open.add(kad);
        return new Node(host, kad);
    }

    /** Connects and waits until both know what the other serves. */
    private static void meet(Host one, Host other) throws Exception {
        one.connect(other.peerId(), other.addresses(), LIMIT);
        awaitInfo(one, other);
        awaitInfo(other, one);
    }

    private static void awaitInfo(Host one, Host other) throws Exception {
        await(one, () -> one.info(other.peerId()).isPresent());
    }

    /** Waits for something that news of the host brings about. */
    private static void await(Host host, BooleanSupplier condition) throws Exception {
        while (!condition.getAsBoolean()) {
            var news = new CountDownLatch(1);
            var listener = new HostListener() {
                @Override
                public void identified(Connection connection, PeerInfo info) {
                    news.countDown();
                }

                @Override
                public void disconnected(Connection connection) {
                    news.countDown();
                }
            };
            host.addListener(listener);
            if (!condition.getAsBoolean()) {
                boolean _ = news.await(20, TimeUnit.MILLISECONDS); // not all that is waited for is news of the host
            }
            host.removeListener(listener);
        }
    }

    /** Five servers that all know the first. */
    private List<Node> swarm(KadSettings settings) throws Exception {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < 5; i++) {
            nodes.add(node(settings));
            if (i > 0) {
                meet(nodes.getLast().host(), nodes.getFirst().host());
                nodes.getLast().kad().bootstrap(List.of(), LIMIT);
            }
        }
        return nodes;
    }

    @Test
    void a_client_finds_peers_and_providers_over_one_that_it_knows_and_is_in_no_table() throws Exception {
        var servers = swarm(SERVER);
        var client = node(KadSettings.DEFAULT);
        client.kad().bootstrap(servers.getFirst().host().addresses(), LIMIT);
        var last = servers.getLast();
        assertThat(client.kad().findPeer(last.host().peerId(), LIMIT))
                .map(Contact::peer)
                .contains(last.host().peerId());
        assertThat(last.kad().announce(KEY, LIMIT)).isPositive();
        await(client.host(), () -> provides(last, client)); // nobody answers one that says what it provides
        for (var server : servers) {
            assertThat(server.kad().peers())
                    .map(Contact::peer)
                    .doesNotContain(client.host().peerId());
        }
    }

    private static boolean provides(Node provider, Node looking) {
        try {
            return looking.kad().findProviders(KEY, 1, LIMIT).stream()
                    .map(Contact::peer)
                    .toList()
                    .equals(List.of(provider.host().peerId()));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_node_that_becomes_a_server_comes_into_the_tables_and_goes_when_it_ceases() throws Exception {
        var one = node(SERVER);
        var other = node(KadSettings.DEFAULT);
        meet(one.host(), other.host());
        assertThat(one.kad().peers()).isEmpty();
        other.kad().mode(Mode.SERVER);
        await(one.host(), () -> one.kad().peers().size() == 1);
        other.kad().mode(Mode.CLIENT);
        await(one.host(), () -> one.kad().peers().isEmpty());
    }

    @Test
    void what_is_provided_is_published_again_after_22_hours_and_forgotten_after_48() throws Exception {
        var server = node(SERVER);
        var provider = node(KadSettings.DEFAULT);
        meet(provider.host(), server.host());
        provider.kad().provide(KEY);
        awaitRecords(provider, server, 1);
        clock.pass(Duration.ofHours(47));
        provider.kad().tick(); // long past 22 hours
        await(server.host(), () -> kept(server, Duration.ofHours(2)));
        provider.kad().withdraw(KEY);
        clock.pass(Duration.ofHours(51)); // it may have been renewed within the two hours looked ahead
        provider.kad().tick();
        server.kad().tick();
        assertThat(provider.kad().findProviders(KEY, 1, LIMIT)).isEmpty();
        assertThat(server.kad().records()).isZero();
    }

    private void awaitRecords(Node told, Node server, int count) throws Exception {
        told.kad().tick();
        await(server.host(), () -> server.kad().records() == count);
    }

    /** Whether a record would still be there after so long. */
    private boolean kept(Node server, Duration later) {
        clock.pass(later);
        try {
            return server.kad().findProviders(KEY, 1, Duration.ofMillis(1)).size() == 1;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            clock.pass(later.negated());
        }
    }

    @Test
    void what_was_provided_is_provided_again_after_a_restart(@TempDir Path folder) throws Exception {
        var file = folder.resolve("provided");
        var first = node(KadSettings.DEFAULT, new ProvidedKeysFile(file));
        first.kad().provide(KEY);
        first.kad().close();
        first.host().close();
        var server = node(SERVER);
        var second = node(KadSettings.DEFAULT, new ProvidedKeysFile(file));
        meet(second.host(), server.host());
        awaitRecords(second, server, 1);
        assertThat(server.kad().findProviders(KEY, 1, LIMIT))
                .map(Contact::peer)
                .containsExactly(second.host().peerId());
    }

    @Test
    void a_node_joins_through_the_addresses_of_its_settings() throws Exception {
        var servers = swarm(SERVER);
        var joining =
                node(KadSettings.DEFAULT.withBootstrap(servers.getFirst().host().addresses()));
        await(joining.host(), () -> joining.kad().peers().size() == 5);
    }

    @Test
    void the_best_of_several_records_is_got_and_the_others_are_put_right() throws Exception {
        var servers = swarm(SERVER);
        var signer = PrivateKey.generate();
        var key = new SignedRecords("infergrid").key(signer.peerId(), "news");
        var until = clock.instant().plus(Duration.ofDays(1));
        var old = SignedRecords.sign(signer, key, 1, until, new byte[] {1});
        var newer = SignedRecords.sign(signer, key, 2, until, new byte[] {2});
        assertThat(servers.get(1).kad().put(key, old, LIMIT)).isEqualTo(4);
        assertThat(servers.get(2).kad().put(key, newer, LIMIT)).isEqualTo(4);
        assertThatThrownBy(() -> servers.get(3).kad().put(key, old, LIMIT))
                .as("nobody takes a step back")
                .hasMessage("no peer took the record");
        assertThat(servers.get(4).kad().get(key, LIMIT)).contains(newer);
        await(
                servers.get(2).host(),
                () -> servers.stream().filter(s -> s != servers.get(2)).allMatch(s -> has(s, key, newer)));
    }

    private static boolean has(Node node, byte[] key, byte[] value) {
        try {
            return node.kad()
                    .get(key, Duration.ofMillis(1))
                    .filter(v -> java.util.Arrays.equals(v, value))
                    .isPresent();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_record_that_is_not_valid_is_not_even_put() throws Exception {
        var node = node(SERVER);
        assertThatThrownBy(() -> node.kad()
                        .put("/pk/x".getBytes(java.nio.charset.StandardCharsets.UTF_8), new byte[] {1}, LIMIT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> node.kad().get("/what/x".getBytes(java.nio.charset.StandardCharsets.UTF_8), LIMIT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- hostile peers: ours is the server, the other writes what it likes

    private KadMessage tell(Host hostile, Host server, byte[] frame) throws IOException {
        try (var stream = hostile.open(server.peerId(), KadSettings.INFERGRID, LIMIT)) {
            stream.timeout(LIMIT);
            stream.out().write(frame);
            stream.out().flush();
            return KadMessage.read(stream.in());
        }
    }

    private void assertBanned(Node server, Host hostile, Event event) throws Exception {
        await(server.host(), () -> server.host().connection(hostile.peerId()).isEmpty());
        assertThat(server.host().counters().of(event)).isEqualTo(1);
        hostile.connect(server.host().peerId(), server.host().addresses(), LIMIT);
        var honest = KadMessage.of(Type.FIND_NODE, new byte[] {1}).frame();
        assertThatThrownBy(() -> tell(hostile, server.host(), honest)).isInstanceOf(IOException.class);
        assertThat(server.kad().records()).isZero();
    }

    private void assertPunished(Event event, Function<Contact, byte[]> frameOf) throws Exception {
        var server = node(SERVER);
        var hostile = host();
        meet(hostile, server.host());
        var self = new Contact(hostile.peerId(), hostile.addresses());
        assertThatThrownBy(() -> tell(hostile, server.host(), frameOf.apply(self)))
                .isInstanceOf(IOException.class);
        assertBanned(server, hostile, event);
    }

    @Test
    void a_message_longer_than_64_kib_ends_the_connection() throws Exception {
        assertPunished(Event.MALFORMED, _ -> Uvarint.encode(KadMessage.MAX_BYTES + 1));
    }

    @Test
    void bytes_that_are_no_message_end_the_connection() throws Exception {
        assertPunished(Event.MALFORMED, _ -> new byte[] {3, 0, 0, 0});
    }

    @Test
    void a_request_without_a_key_ends_the_connection() throws Exception {
        assertPunished(
                Event.MALFORMED, _ -> KadMessage.of(Type.FIND_NODE, new byte[0]).frame());
    }

    @Test
    void who_speaks_for_another_provider_ends_banned() throws Exception {
        var other = new Contacts(1).next();
        assertPunished(
                Event.KAD_POISONED,
                _ -> KadMessage.of(Type.ADD_PROVIDER, KEY.encode())
                        .withProviders(List.of(other))
                        .frame());
    }

    @Test
    void who_puts_a_false_record_ends_banned() throws Exception {
        var victim = PrivateKey.generate();
        var key = PublicKeyRecords.key(victim.peerId());
        var value = PrivateKey.generate().publicKey().encode();
        assertPunished(
                Event.KAD_POISONED,
                _ -> KadMessage.of(Type.PUT_VALUE, key).withRecord(value).frame());
    }

    @Test
    void who_puts_a_record_under_another_key_ends_banned() throws Exception {
        var right = PrivateKey.generate().publicKey();
        var record = KadMessage.of(Type.PUT_VALUE, PublicKeyRecords.key(right.peerId()))
                .withRecord(right.encode());
        var elsewhere = new KadMessage(Type.PUT_VALUE, new byte[] {1}, record.record(), List.of(), List.of());
        assertPunished(Event.KAD_POISONED, _ -> elsewhere.frame());
    }

    @Test
    void a_provider_with_addresses_of_our_own_network_only_is_refused() throws Exception {
        var answers = new Answers(
                host(),
                20,
                new RoutingTable(new KadKey(0, 0, 0, 0), 20, RoutingTable.Diversity.DEFAULT, LIMIT, clock),
                new ProviderStore(KadLimits.Stores.DEFAULT, clock),
                new ValueStore(KadLimits.Stores.DEFAULT, clock),
                new Namespaces(List.of()),
                _ -> false,
                clock);
        var stranger = new Contacts(5).next();
        var local = new Contact(stranger.peer(), List.of(Multiaddr.parse("/ip4/192.168.1.1/tcp/80")));
        var request = KadMessage.of(Type.ADD_PROVIDER, KEY.encode()).withProviders(List.of(local));
        assertThatThrownBy(() -> answers.answer(stranger.peer(), Multiaddr.parse("/ip4/203.0.113.1/tcp/9"), request))
                .isInstanceOf(Answers.RefusedException.class);
    }

    @Test
    void what_a_peer_provides_beyond_its_share_is_refused_and_no_crime() throws Exception {
        var stores = KadLimits.Stores.DEFAULT;
        var few = new KadLimits.Stores(64, 2, 100, 512, 8192, 1 << 20, stores.expiry(), stores.republish());
        var server = node(SERVER.withLimits(KadLimits.DEFAULT.withStores(few)));
        var greedy = host();
        meet(greedy, server.host());
        var self = new Contact(
                greedy.peerId(),
                greedy.addresses().stream().map(Multiaddr::withoutPeer).toList());
        try (var stream = greedy.open(server.host().peerId(), KadSettings.INFERGRID, LIMIT)) {
            stream.timeout(LIMIT);
            for (int i = 0; i < 3; i++) {
                var key = Multihash.sha256(new byte[] {(byte) i}).encode();
                stream.out()
                        .write(KadMessage.of(Type.ADD_PROVIDER, key)
                                .withProviders(List.of(self))
                                .frame());
            }
            stream.out().flush();
            assertThatThrownBy(() -> KadMessage.read(stream.in())).isInstanceOf(IOException.class);
        }
        assertThat(server.kad().records()).isEqualTo(2);
        assertThat(server.host().counters().of(Event.KAD_REFUSED)).isEqualTo(1);
        assertThat(server.host().connection(greedy.peerId())).isPresent();
    }

    @Test
    void a_peer_gets_so_many_streams_and_no_more() throws Exception {
        var server = node(SERVER.withLimits(KadLimits.DEFAULT.withRequests(2, 50)));
        var many = host();
        meet(many, server.host());
        var ping = KadMessage.of(Type.PING, new byte[] {1}).frame();
        for (int i = 0; i < 2; i++) {
            var stream = many.open(server.host().peerId(), KadSettings.INFERGRID, LIMIT);
            open.add(stream);
            stream.timeout(LIMIT);
            stream.out().write(ping);
            stream.out().flush();
            KadMessage.read(stream.in());
        }
        assertThatThrownBy(() -> tell(many, server.host(), ping)).isInstanceOf(IOException.class);
        assertThat(server.host().counters().of(Event.REFUSED_STREAMS)).isPositive();
    }

    @Test
    void who_asks_too_often_waits() throws Exception {
        var nanos = new long[1];
        var pace = new Pace(50, () -> nanos[0]);
        for (int i = 0; i < 500; i++) {
            assertThat(pace.take()).isZero();
        }
        assertThat(pace.take()).isEqualTo(20_000_000);
        nanos[0] += 1_000_000_000;
        assertThat(pace.take()).isZero();
        var server = node(SERVER.withLimits(KadLimits.DEFAULT.withRequests(32, 1)));
        var eager = host();
        meet(eager, server.host());
        try (var stream = eager.open(server.host().peerId(), KadSettings.INFERGRID, LIMIT)) {
            stream.timeout(LIMIT);
            for (int i = 0; i < 11; i++) {
                stream.out().write(KadMessage.of(Type.PING, new byte[] {1}).frame());
                stream.out().flush();
                KadMessage.read(stream.in());
            }
            stream.closeWrite();
        }
        assertThat(server.host().counters().of(Event.KAD_THROTTLED)).isPositive();
    }

    // ---- hostile servers: ours asks

    /** A host that answers every request of the DHT with that frame. */
    private Host liar(Function<KadMessage, byte[]> answer) throws IOException {
        var host = host();
        host.handle(KadSettings.INFERGRID, HandlerOptions.atMost(32), (_, stream) -> {
            stream.timeout(LIMIT);
            for (var request = KadMessage.readOrEnd(stream.in());
                    request.isPresent();
                    request = KadMessage.readOrEnd(stream.in())) {
                stream.out().write(answer.apply(request.get()));
                stream.out().flush();
            }
        });
        return host;
    }

    @Test
    void a_false_record_in_an_answer_is_not_believed_and_its_teller_banned() throws Exception {
        var right = PrivateKey.generate().publicKey();
        var key = PublicKeyRecords.key(right.peerId());
        var wrong = PrivateKey.generate().publicKey().encode();
        var liar = liar(request -> request.type() == Type.GET_VALUE
                ? KadMessage.of(Type.GET_VALUE, key).withRecord(wrong).frame()
                : KadMessage.of(request.type(), request.key()).frame());
        var servers = swarm(SERVER);
        var ours = node(KadSettings.DEFAULT);
        meet(ours.host(), liar);
        await(ours.host(), () -> ours.kad().peers().size() == 1);
        meet(ours.host(), servers.getFirst().host());
        assertThat(servers.getFirst().kad().put(key, right.encode(), LIMIT)).isPositive();
        assertThat(ours.kad().get(key, LIMIT)).contains(right.encode());
        await(ours.host(), () -> ours.host().connection(liar.peerId()).isEmpty());
        assertThat(ours.host().counters().of(Event.KAD_POISONED)).isEqualTo(1);
        assertThat(ours.kad().peers()).map(Contact::peer).doesNotContain(liar.peerId());
    }

    @Test
    void an_oversized_answer_costs_its_peer_the_place_in_the_table() throws Exception {
        var liar = liar(_ -> Uvarint.encode(KadMessage.MAX_BYTES + 1));
        var ours = node(KadSettings.DEFAULT);
        meet(ours.host(), liar);
        await(
                ours.host(),
                () -> ours.host().counters().of(Event.MALFORMED) > 0
                        || ours.kad().peers().size() == 1);
        assertThat(ours.kad().closest(new byte[] {1}, LIMIT)).isEmpty();
        await(ours.host(), () -> ours.host().connection(liar.peerId()).isEmpty());
        assertThat(ours.kad().peers()).isEmpty();
        assertThat(ours.host().counters().of(Event.MALFORMED)).isPositive();
    }

    @Test
    void a_peer_named_with_addresses_where_another_answers_is_not_found() throws Exception {
        var absent = new Contacts(9).next();
        var decoy = host();
        var liar = liar(request -> KadMessage.of(request.type(), request.key())
                .withCloser(List.of(new Contact(
                        absent.peer(),
                        decoy.addresses().stream().map(Multiaddr::withoutPeer).toList())))
                .frame());
        var ours = node(KadSettings.DEFAULT.withLimits(
                KadLimits.DEFAULT.withTimes(Duration.ofSeconds(5), Duration.ofSeconds(10))));
        meet(ours.host(), liar);
        await(ours.host(), () -> ours.kad().peers().size() == 1);
        assertThat(ours.kad().findPeer(absent.peer(), LIMIT)).isEmpty();
    }

    @Test
    void a_request_and_a_lookup_end_at_their_limits() throws Exception {
        var silent = host();
        var asked = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        silent.handle(KadSettings.INFERGRID, HandlerOptions.atMost(32), (_, _) -> {
            asked.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        var ours = node(KadSettings.DEFAULT.withLimits(
                KadLimits.DEFAULT.withTimes(Duration.ofMillis(200), Duration.ofMillis(500))));
        meet(ours.host(), silent);
        await(ours.host(), () -> ours.kad().peers().size() == 1);
        assertThat(ours.kad().closest(new byte[] {1}, LIMIT)).isEmpty();
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
        never.countDown();
    }
}
