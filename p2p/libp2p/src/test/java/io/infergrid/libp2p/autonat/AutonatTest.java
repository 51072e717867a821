package io.infergrid.libp2p.autonat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.autonat.AutonatClient.Finding;
import io.infergrid.libp2p.autonat.AutonatClient.Verdict;
import io.infergrid.libp2p.codec.LengthPrefixed;
import io.infergrid.libp2p.swarm.Swarm;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client and a server on the loopback interface. */
@Timeout(60)
class AutonatTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final AutonatLimits LIMITS = AutonatLimits.DEFAULT.withPrivateAddresses();

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Clock clock = Clock.fixed(Instant.ofEpochSecond(1_900_000_000), ZoneOffset.UTC);

    @AfterEach
    void close() throws Exception {
        for (var each : open.reversed()) {
            each.close();
        }
    }

    private Swarm host() throws IOException {
        var host = new HostBuilder()
                .listen("/ip4/127.0.0.1/tcp/0")
                .listen("/ip4/127.0.0.2/tcp/0")
                .start();
        open.add(host);
        return host;
    }

    private Swarm server(AutonatLimits limits) throws IOException {
        var host = host();
        open.add(new AutonatServer(host, HostBuilder::new, limits, clock, new Random(1)).start());
        return host;
    }

    private AutonatClient client(Swarm host) {
        return new AutonatClient(host, new Random(2), LIMITS).start();
    }

    private static Connection connect(Swarm from, Swarm to) throws IOException {
        return from.connect(to.peerId(), List.of(to.addresses().getFirst()), LIMIT);
    }

    private static Multiaddr at(Swarm host, int address) {
        return host.addresses().get(address).withoutPeer();
    }

    @Test
    void a_server_dials_back_from_an_identity_of_its_own() throws IOException {
        var server = server(LIMITS);
        var asker = host();
        Set<PeerId> seen = ConcurrentHashMap.newKeySet();
        asker.addListener(new HostListener() {
            @Override
            public void connected(Connection connection) {
                seen.add(connection.remote());
            }
        });
        var finding = client(asker).ask(connect(asker, server), List.of(at(asker, 0)), LIMIT);
        assertThat(finding).isEqualTo(new Finding(Optional.of(at(asker, 0)), Verdict.REACHED));
        assertThat(seen).hasSize(2).contains(server.peerId());
    }

    @Test
    void an_address_that_is_not_the_askers_costs_it_30_to_100_kB() throws IOException {
        var server = server(LIMITS);
        var asker = host();
        var connection = connect(asker, server);
        assertThat(client(asker).ask(connection, List.of(at(asker, 1)), LIMIT).verdict())
                .isEqualTo(Verdict.REACHED);

        // the server takes one request of a peer at a time, and may still be at the end of the one before
        for (boolean rejected = true; rejected; ) {
            try (var stream = connection.open(LIMIT, List.of(AutonatMessage.PROTOCOL))) {
                stream.timeout(LIMIT);
                rejected = !asksForData(stream, asker);
            }
            LockSupport.parkNanos(50_000_000);
        }
        assertThat(server.counters().of(Event.MALFORMED)).isEqualTo(1);
    }

    /** False if the server rejects the request; else it must ask for bytes, and give up on who sends none. */
    private static boolean asksForData(Stream stream, Swarm asker) throws IOException {
        var request = new AutonatMessage.DialRequest(List.of(Optional.of(at(asker, 1))), 1);
        LengthPrefixed.write(stream.out(), request.encode());
        var answer = AutonatMessage.decode(LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat"));
        if (answer instanceof AutonatMessage.DialResponse response
                && response.status() == AutonatMessage.REQUEST_REJECTED) {
            return false;
        }
        assertThat(answer)
                .isInstanceOfSatisfying(
                        AutonatMessage.DialDataRequest.class,
                        data -> assertThat(data.bytes()).isBetween(30_000L, 100_000L));
        LengthPrefixed.write(stream.out(), new AutonatMessage.DialDataResponse(0).encode()); // pays nothing
        assertThatThrownBy(() -> LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat"))
                .isInstanceOf(IOException.class);
        return true;
    }

    @Test
    void an_address_where_nobody_answers_is_not_reached_and_the_first_that_can_be_dialled_is_the_only_one_tried()
            throws IOException {
        var server = server(LIMITS);
        var asker = host();
        int free;
        try (var socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        var closed = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + free);
        var name = Multiaddr.parse("/dns4/localhost/tcp/" + free);
        var finding = client(asker).ask(connect(asker, server), List.of(name, closed, at(asker, 0)), LIMIT);
        assertThat(finding).isEqualTo(new Finding(Optional.of(closed), Verdict.NOT_REACHED));
    }

    @Test
    void private_addresses_are_not_dialled() throws IOException {
        var server = server(AutonatLimits.DEFAULT);
        var asker = host();
        assertThat(client(asker).ask(connect(asker, server), List.of(at(asker, 0)), LIMIT))
                .isEqualTo(new Finding(Optional.empty(), Verdict.NO_ANSWER));
        assertThat(server.counters().of(Event.AUTONAT_REFUSED)).isEqualTo(1);
    }

    @Test
    void more_requests_of_a_peer_than_allowed_are_rejected() throws IOException {
        var server = server(LIMITS.withRates(60, 2, 1));
        var asker = host();
        var client = client(asker);
        var connection = connect(asker, server);
        assertThat(client.ask(connection, List.of(at(asker, 1)), LIMIT).verdict())
                .isEqualTo(Verdict.REACHED);
        assertThat(client.ask(connection, List.of(at(asker, 1)), LIMIT).verdict())
                .isEqualTo(Verdict.NO_ANSWER); // the second with data
        assertThat(client.ask(connection, List.of(at(asker, 0)), LIMIT).verdict())
                .isEqualTo(Verdict.NO_ANSWER); // the third of the peer
        assertThat(server.counters().of(Event.AUTONAT_REFUSED)).isEqualTo(2);
    }

    @Test
    void a_server_that_says_it_got_through_and_did_not_is_not_believed() throws IOException {
        var liar = host();
        liar.handle(AutonatMessage.PROTOCOL, stream -> {
            LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat");
            LengthPrefixed.write(
                    stream.out(), new AutonatMessage.DialResponse(AutonatMessage.OK, 0, AutonatMessage.OK).encode());
        });
        var asker = host();
        var client = new AutonatClient(asker, new Random(2), LIMITS, Duration.ofMillis(200)).start();
        assertThat(client.ask(connect(asker, liar), List.of(at(asker, 0)), LIMIT)
                        .verdict())
                .isEqualTo(Verdict.NO_ANSWER);
        // nor is a nonce that nobody gave
        try (var stream = liar.connection(asker.peerId()).orElseThrow().open(LIMIT, List.of(DialBack.PROTOCOL))) {
            stream.timeout(LIMIT);
            LengthPrefixed.write(stream.out(), new DialBack(99).encode());
            assertThatThrownBy(() -> LengthPrefixed.read(stream.in(), DialBack.MAX_BYTES, "autonat"))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void a_server_that_wants_more_bytes_than_a_dial_can_cost_gets_none() throws IOException {
        var greedy = host();
        greedy.handle(AutonatMessage.PROTOCOL, stream -> {
            LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat");
            LengthPrefixed.write(stream.out(), new AutonatMessage.DialDataRequest(0, 200_001).encode());
            stream.in().readAllBytes();
        });
        var asker = host();
        assertThatThrownBy(() -> client(asker).ask(connect(asker, greedy), List.of(at(asker, 0)), LIMIT))
                .hasMessageContaining("expected to send at most 200000 bytes, found a request for 200001");
    }

    @Test
    void a_message_longer_than_8_KiB_ends_the_stream() throws IOException {
        var server = server(LIMITS);
        var asker = host();
        try (var stream = connect(asker, server).open(LIMIT, List.of(AutonatMessage.PROTOCOL))) {
            stream.timeout(LIMIT);
            LengthPrefixed.write(stream.out(), new byte[8193]);
            assertThatThrownBy(() -> LengthPrefixed.read(stream.in(), AutonatMessage.MAX_BYTES, "autonat"))
                    .isInstanceOf(IOException.class);
        }
        assertThat(server.counters().of(Event.MALFORMED)).isEqualTo(1);
    }
}
