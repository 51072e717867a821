package io.infergrid.libp2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Access;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Counters;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Network;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which connections a host keeps, refuses, closes, and does not try again. */
@Timeout(60)
class ConnectionKeepingTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final List<Swarm> hosts = new ArrayList<>();

    private Swarm host(Limits limits) throws IOException {
        var host =
                new HostBuilder().limits(limits).listen("/ip4/127.0.0.1/tcp/0").start();
        hosts.add(host);
        return host;
    }

    @AfterEach
    void stop() {
        hosts.forEach(Swarm::close);
    }

    private static Connection connect(Swarm from, Swarm to) throws IOException {
        return from.connect(to.peerId(), to.addresses(), LIMIT);
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(until);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void above_the_high_water_mark_connections_go_down_to_the_low_one_but_for_protected_ones() throws IOException {
        var center = host(Limits.DEFAULT.withWaterMarks(3, 5, Duration.ofNanos(1)));
        var friend = host(Limits.DEFAULT);
        center.protect(friend.peerId(), "test");
        connect(friend, center);
        var busy = host(Limits.DEFAULT);
        center.handle("/hold/1", stream -> {
            int _ = stream.in().read();
        });
        var held = connect(busy, center).open(LIMIT, List.of("/hold/1"));
        for (int i = 0; i < 4; i++) {
            connect(host(Limits.DEFAULT), center);
        }
        await(() -> center.counters().of(Event.TRIMMED) == 3);
        await(() -> center.connections().size() == 3);
        assertThat(center.connection(friend.peerId())).isPresent();
        assertThat(center.connection(busy.peerId())).isPresent();
        held.reset();
    }

    @Test
    void within_the_time_of_grace_nobody_is_closed() throws IOException {
        var center = host(Limits.DEFAULT.withWaterMarks(1, 1, Duration.ofHours(1)));
        connect(host(Limits.DEFAULT), center);
        connect(host(Limits.DEFAULT), center);
        var last = host(Limits.DEFAULT);
        connect(last, center);
        assertThat(last.ping(center.peerId(), LIMIT)).isPositive();
        assertThat(center.connections()).hasSize(3);
        assertThat(center.counters().of(Event.TRIMMED)).isZero();
    }

    @Test
    void a_peer_that_is_denied_loses_its_connection_and_gets_no_other() throws IOException {
        var one = host(Limits.DEFAULT);
        var two = host(Limits.DEFAULT);
        connect(one, two);
        await(() -> two.connection(one.peerId()).isPresent());
        two.access().deny(one.peerId(), MINUTE);
        await(() -> two.connections().isEmpty() && one.connections().isEmpty());
        assertThatThrownBy(() -> {
                    connect(one, two);
                    one.ping(two.peerId(), LIMIT);
                })
                .isInstanceOf(IOException.class);
        await(() -> two.counters().of(Event.REFUSED_DENIED) >= 1);
        assertThatThrownBy(() -> connect(two, one))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("it is denied here");
        two.access().allow(one.peerId());
        await(() -> one.connections().isEmpty());
        connect(one, two);
        assertThat(one.ping(two.peerId(), LIMIT)).isPositive();
    }

    @Test
    void a_network_that_is_denied_is_turned_away_before_its_handshake() throws IOException {
        var one = host(Limits.DEFAULT);
        var two = host(Limits.DEFAULT);
        two.access().deny(Network.parse("127.0.0.0/8"), MINUTE);
        assertThatThrownBy(() -> connect(one, two)).isInstanceOf(IOException.class);
        await(() -> two.counters().of(Event.REFUSED_DENIED) == 1);
        assertThatThrownBy(() -> connect(two, one))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected an address that can be dialled");
        two.access().forget(Network.parse("127.0.0.0/8"));
        connect(two, one);
        assertThat(two.ping(one.peerId(), LIMIT)).isPositive();
    }

    @Test
    void where_only_the_allowed_may_come_a_stranger_may_not() throws IOException {
        var door = host(Limits.DEFAULT);
        var friend = host(Limits.DEFAULT);
        var stranger = host(Limits.DEFAULT);
        door.access().allow(friend.peerId());
        door.access().onlyAllowed(true);
        connect(friend, door);
        assertThat(friend.ping(door.peerId(), LIMIT)).isPositive();
        assertThatThrownBy(() -> {
                    connect(stranger, door);
                    stranger.ping(door.peerId(), LIMIT);
                })
                .isInstanceOf(IOException.class);
        assertThat(door.connections()).hasSize(1);
    }

    @Test
    void a_peer_that_misbehaves_often_is_banned_and_others_are_not() throws IOException {
        var host = host(Limits.DEFAULT.withBans(3, MINUTE, MINUTE));
        var good = host(Limits.DEFAULT);
        connect(good, host);
        var bad = host(Limits.DEFAULT);
        connect(bad, host);
        await(() -> host.connection(bad.peerId()).isPresent());
        host.report(bad.peerId(), Event.MALFORMED, "first");
        host.report(bad.peerId(), Event.REFUSED_STREAMS, "no misbehaviour");
        host.report(bad.peerId(), Event.MALFORMED, "second");
        assertThat(host.connection(bad.peerId())).isPresent();
        host.report(bad.peerId(), Event.MALFORMED, "third");
        await(() -> host.connection(bad.peerId()).isEmpty());
        assertThat(host.counters().of(Event.BANNED)).isEqualTo(1);
        assertThat(host.access().isDenied(bad.peerId())).isTrue();
        assertThat(good.ping(host.peerId(), LIMIT)).isPositive();
    }

    @Test
    void strikes_wear_off_and_bans_end() {
        var now = new AtomicLong();
        var access = new Access(now::get, () -> {});
        var conduct = new Conduct(new Limits.Bans(3, MINUTE, MINUTE), access, new Counters(), now::get);
        var peer = PrivateKey.generate().peerId();
        for (int i = 0; i < 20; i++) { // one each twenty seconds is borne
            assertThat(conduct.strike(peer, null)).isFalse();
            now.addAndGet(MINUTE.dividedBy(3).toNanos());
        }
        assertThat(conduct.strike(peer, null)).isFalse();
        assertThat(conduct.strike(peer, null)).isFalse();
        assertThat(conduct.strike(peer, null)).isTrue();
        assertThat(access.admits(peer, null)).isFalse();
        now.addAndGet(MINUTE.toNanos());
        assertThat(access.admits(peer, null)).isTrue();
    }

    @Test
    void many_bad_peers_at_one_address_ban_the_address() {
        var access = new Access(() -> 0, () -> {});
        var conduct = new Conduct(new Limits.Bans(3, MINUTE, MINUTE), access, new Counters(), () -> 0);
        var address = InetAddress.ofLiteral("203.0.113.7");
        for (int i = 0; i < 11; i++) {
            assertThat(conduct.strike(PrivateKey.generate().peerId(), address)).isFalse();
        }
        assertThat(access.admits(address)).isTrue();
        assertThat(conduct.strike(PrivateKey.generate().peerId(), address)).isFalse();
        assertThat(access.admits(address)).isFalse();
        assertThat(access.admits(InetAddress.ofLiteral("203.0.113.8"))).isTrue();
        for (int i = 0; i < 100; i++) {
            conduct.strike(PrivateKey.generate().peerId(), InetAddress.ofLiteral("127.0.0.1"));
        }
        assertThat(access.admits(InetAddress.ofLiteral("127.0.0.1"))).isTrue();
    }

    @Test
    void networks_are_what_their_text_says() {
        assertThat(Network.parse("203.0.113.0/24").contains(InetAddress.ofLiteral("203.0.113.200")))
                .isTrue();
        assertThat(Network.parse("203.0.113.0/25").contains(InetAddress.ofLiteral("203.0.113.200")))
                .isFalse();
        assertThat(Network.parse("2001:db8::/33").contains(InetAddress.ofLiteral("2001:db8:7fff::1")))
                .isTrue();
        assertThat(Network.parse("2001:db8::/33").contains(InetAddress.ofLiteral("2001:db8:8000::1")))
                .isFalse();
        assertThat(Network.parse("10.1.2.3"))
                .isEqualTo(Network.parse("10.1.2.3/32"))
                .hasToString("10.1.2.3/32");
        assertThat(Network.parse("0.0.0.0/0").contains(InetAddress.ofLiteral("8.8.8.8")))
                .isTrue();
        for (var bad : List.of("", "host", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/x", "::/129")) {
            assertThatThrownBy(() -> Network.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected <address>/<bits>");
        }
    }

    @Test
    void an_address_that_failed_rests_longer_each_time() {
        var now = new AtomicLong();
        var backoff = new DialBackoff(now::get);
        var peer = PrivateKey.generate().peerId();
        var bad = Multiaddr.parse("/ip4/203.0.113.7/tcp/1");
        var good = Multiaddr.parse("/ip4/203.0.113.7/tcp/2");
        long pause = Duration.ofSeconds(5).toNanos();
        for (int i = 0; i < 10; i++) {
            backoff.failed(peer, bad);
            now.addAndGet(pause - 1);
            assertThat(backoff.due(peer, List.of(bad.withPeer(peer), good))).containsExactly(good);
            now.addAndGet(1);
            assertThat(backoff.due(peer, List.of(bad, good))).containsExactly(bad, good);
            pause = Math.min(2 * pause, Duration.ofMinutes(5).toNanos());
        }
        backoff.failed(peer, bad);
        backoff.reached(peer, bad);
        assertThat(backoff.due(peer, List.of(bad))).containsExactly(bad);
    }

    @Test
    void known_addresses_that_failed_are_not_dialled_again_at_once_but_named_ones_are() throws IOException {
        var one = host(Limits.DEFAULT);
        var two = host(Limits.DEFAULT);
        Multiaddr nobody;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = Multiaddr.parse("/ip4/127.0.0.1/tcp/" + socket.getLocalPort());
        }
        one.addressBook().add(two.peerId(), List.of(nobody), MINUTE);
        assertThatThrownBy(() -> one.connect(two.peerId(), List.of(), LIMIT)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> one.connect(two.peerId(), List.of(), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("failed a moment ago");
        assertThatThrownBy(() -> one.connect(two.peerId(), List.of(nobody), LIMIT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(nobody.toString());
        connect(one, two);
    }

    @Test
    void a_peer_that_connects_again_and_again_has_few_connections() throws IOException {
        var host = host(Limits.DEFAULT);
        var peers = new ArrayList<HostilePeer>();
        var identity = PrivateKey.generate();
        for (int i = 0; i < 12; i++) {
            var peer = new HostilePeer(host, identity);
            peer.open(1, "/ipfs/ping/1.0.0"); // so that it does not end by itself
            peers.add(peer);
        }
        int most = Limits.DEFAULT.connections().openPerPeer();
        await(() -> host.counters().of(Event.REFUSED_CONNECTIONS) >= 12 - most);
        await(() -> host.connections().size() == 1);
        peers.forEach(HostilePeer::close);
    }
}
