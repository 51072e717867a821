package io.infergrid.libp2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HandlerOptions;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.transport.Transport;
import io.infergrid.libp2p.transport.WireInput;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a host gives to the services built on it: news, announced addresses, transports of their own. */
@Timeout(60)
class ServicesTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Multiaddr MAPPED = Multiaddr.parse("/ip4/203.0.113.7/tcp/4001");

    private Swarm one;
    private Swarm two;
    private final LinkedBlockingQueue<PeerInfo> infos = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Multiaddr> observed = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<List<Multiaddr>> changes = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws IOException {
        one = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        two = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").start();
        one.addListener(new HostListener() {
            @Override
            public void identified(Connection connection, PeerInfo info) {
                infos.add(info);
            }

            @Override
            public void observed(Connection connection, Multiaddr ours) {
                observed.add(ours);
            }
        });
        two.addListener(new HostListener() {
            @Override
            public void addressesChanged(List<Multiaddr> ours) {
                changes.add(ours);
            }
        });
    }

    @AfterEach
    void stop() {
        one.close();
        two.close();
    }

    private PeerInfo nextInfo() throws InterruptedException {
        var info = infos.poll(20, TimeUnit.SECONDS);
        assertThat(info).isNotNull();
        return info;
    }

    @Test
    void an_announced_address_reaches_connected_peers_signed() throws Exception {
        one.connect(two.peerId(), two.addresses(), LIMIT);
        var before = PeerRecord.open(nextInfo().signedRecord().orElseThrow());
        assertThat(before.addresses()).isEqualTo(two.listening());
        two.announce("port mapping", List.of(MAPPED));
        assertThat(changes.poll(20, TimeUnit.SECONDS)).contains(MAPPED.withPeer(two.peerId()));
        var info = nextInfo();
        var after = PeerRecord.open(info.signedRecord().orElseThrow());
        assertThat(after.addresses()).contains(MAPPED);
        assertThat(after.sequence()).isGreaterThan(before.sequence());
        assertThat(info.addresses()).contains(MAPPED);
        assertThat(one.addressBook().record(two.peerId())).isEqualTo(info.signedRecord());
        assertThat(one.addressBook().addresses(two.peerId())).contains(MAPPED);
        two.announce("port mapping", List.of());
        assertThat(nextInfo().addresses()).doesNotContain(MAPPED);
    }

    @Test
    void changes_at_once_are_told_once() throws Exception {
        one.connect(two.peerId(), two.addresses(), LIMIT);
        assertThat(nextInfo().protocols()).doesNotContain("/0/1");
        for (int i = 0; i < 100; i++) {
            two.handle("/" + i + "/1", stream -> {});
        }
        assertThat(nextInfo().protocols()).contains("/0/1", "/99/1");
        two.unhandle("/0/1");
        var last = nextInfo();
        assertThat(last.protocols()).contains("/99/1").doesNotContain("/0/1");
        assertThat(infos).isEmpty();
    }

    @Test
    void a_peer_tells_from_where_it_sees_us_come() throws Exception {
        one.connect(two.peerId(), two.addresses(), LIMIT);
        var seen = observed.poll(20, TimeUnit.SECONDS);
        assertThat(seen).isNotNull();
        assertThat(seen.toString()).startsWith("/ip4/127.0.0.1/tcp/");
    }

    @Test
    void what_a_service_reports_is_counted() {
        one.report(two.peerId(), Event.MALFORMED, "expected a record, found none");
        assertThat(one.counters().of(Event.MALFORMED)).isEqualTo(1);
    }

    @Test
    void a_transport_that_relays_is_dialled_and_carries_only_what_wants_to_be_carried() throws Exception {
        var relay = new Relayed(two.listening().getFirst());
        one.addTransport(relay);
        two.handle("/plain/1", stream -> {});
        two.handle("/small/1", HandlerOptions.atMost(1).alsoRelayed(), (connection, stream) -> {
            stream.out().write(1);
            assertThat(connection.remote()).isEqualTo(one.peerId());
        });
        var address = two.addresses().getFirst().with("/p2p-circuit").withPeer(two.peerId());
        var connection = one.connect(two.peerId(), List.of(address), LIMIT);
        assertThat(connection.relayed()).isTrue();
        assertThat(connection.remoteAddress()).isEqualTo(address.withoutPeer());
        assertThatThrownBy(() -> one.open(two.peerId(), "/small/1", LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is connected over a relay only");
        try (var stream = connection.open(LIMIT, List.of("/small/1"))) {
            assertThat(stream.in().read()).isEqualTo(1);
        }
        assertThat(one.ping(two.peerId(), LIMIT)).isPositive();
    }

    @Test
    void what_comes_to_a_transport_of_a_service_is_upgraded_and_admitted() throws Exception {
        var acceptor = two.acceptor();
        var server = new TcpTransport(LIMIT);
        var relayed = two.addresses().getFirst().with("/p2p-circuit");
        try (var listening = server.listen(
                Multiaddr.parse("/ip4/127.0.0.1/tcp/0"),
                _ -> acceptor.knock(relayed).map(arrival -> new Transport.Arrival() {
                    @Override
                    public void accept(Link link) {
                        arrival.accept(new Carried((RawConnection) link, relayed));
                    }

                    @Override
                    public void failed(IOException cause) {
                        arrival.failed(cause);
                    }
                }))) {
            var connection = one.connect(two.peerId(), listening.addresses(), LIMIT);
            assertThat(connection.relayed()).isFalse();
            try (var stream = connection.open(LIMIT, List.of("/ipfs/ping/1.0.0"))) {
                stream.closeWrite();
            }
            assertThat(two.connections()).singleElement().satisfies(c -> {
                assertThat(c.relayed()).isTrue();
                assertThat(c.inbound()).isTrue();
            });
        }
    }

    /** TCP that says that it came over a relay. */
    private record Carried(RawConnection raw, Multiaddr remoteAddress) implements RawConnection {
        @Override
        public WireInput in() {
            return raw.in();
        }

        @Override
        public OutputStream out() {
            return raw.out();
        }

        @Override
        public void closeOutput() throws IOException {
            raw.closeOutput();
        }

        @Override
        public void close() {
            raw.close();
        }
    }

    /** Dials one address over TCP, whatever it is asked for. */
    private record Relayed(Multiaddr target) implements Transport {

        @Override
        public boolean dials(Multiaddr address) {
            return address.isRelayed();
        }

        @Override
        public Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException {
            var raw = TcpTransport.dial(TcpTransport.resolve(target).getFirst(), limit);
            return new Carried(raw, address);
        }

        @Override
        public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
            throw new IOException("it only dials");
        }
    }
}
