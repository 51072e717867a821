package io.infergrid.libp2p.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.transport.TcpTransport;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two hundred peers of one host that come, talk, and go in every way there is: nothing of them may stay. */
@Timeout(180)
class SoakTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Limits LIMITS = Limits.DEFAULT
            .withPendingInbound(400, 400)
            .withWaterMarks(1000, 1000, Duration.ofSeconds(20))
            .withTimes(Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));
    private static final int PEERS = 200;
    private static final int ROUNDS = 2;

    @Test
    void peers_that_come_and_go_leave_no_threads_streams_or_memory() throws Exception {
        try (var center =
                new HostBuilder().limits(LIMITS).listen("/ip4/127.0.0.1/tcp/0").start()) {
            center.handle("/echo/1.0.0", stream -> stream.in().transferTo(stream.out()));
            center.handle("/hold/1.0.0", stream -> stream.in().readAllBytes());
            round(center); // classes and pools
            long before = heap();
            int threads = Thread.activeCount();
            for (int i = 0; i < ROUNDS; i++) {
                round(center);
            }
            assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads + 4);
            // a leak of one connection of 10 KiB a peer would be 4 MiB
            assertThat(heap() - before).isLessThan(5 << 19);
            assertThat(center.counters().of(Event.CONNECTION_OPENED))
                    .isEqualTo(center.counters().of(Event.CONNECTION_CLOSED));
            assertThat(center.receivedAndUnread()).isZero();
        }
    }

    private static void round(Swarm center) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var visits = new ArrayList<Callable<Boolean>>();
            for (int i = 0; i < PEERS; i++) {
                int number = i;
                visits.add(() -> visit(center, number));
            }
            for (var visit : threads.invokeAll(visits)) {
                assertThat(visit.get()).isTrue();
            }
        }
        await(() -> center.connections().isEmpty());
        await(() -> center.receivedAndUnread() == 0);
    }

    private static boolean visit(Swarm center, int number) throws Exception {
        if (number % 10 == 9) {
            return strangle(center, number);
        }
        var random = new Random(number);
        try (var peer = new HostBuilder().limits(LIMITS).start()) {
            peer.connect(center.peerId(), center.addresses(), LIMIT);
            var bytes = new byte[random.nextInt(20_000)];
            for (int i = 0; i < 3; i++) {
                try (var stream = peer.open(center.peerId(), "/echo/1.0.0", LIMIT)) {
                    stream.timeout(LIMIT);
                    stream.out().write(bytes);
                    stream.closeWrite();
                    assertThat(stream.in().readAllBytes()).hasSize(bytes.length);
                }
            }
            var held = peer.open(center.peerId(), "/hold/1.0.0", LIMIT);
            held.out().write(bytes);
            held.out().flush();
            switch (number % 3) {
                case 0 -> held.reset();
                case 1 -> held.closeWrite();
                default -> {} // the host closes under it
            }
        }
        return true;
    }

    /** Dies without a word: in the middle of its handshake, or with a connection open. */
    private static boolean strangle(Swarm center, int number) throws IOException {
        if (number % 20 == 19) {
            var address = TcpTransport.resolve(center.addresses().getFirst()).getFirst();
            try (var socket = new Socket(address.getAddress(), address.getPort())) {
                socket.getOutputStream().write(19);
                socket.setSoLinger(true, 0); // a reset and no end
            }
            return true;
        }
        var peer = new HostilePeer(center);
        peer.open(1, "/hold/1.0.0");
        peer.raw().close();
        return true;
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(until);
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static long heap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            LockSupport.parkNanos(50_000_000);
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    @Test
    void a_peer_that_breaks_the_rules_again_and_again_ends_banned() throws IOException {
        var limits = LIMITS.withBans(3, Duration.ofMinutes(10), Duration.ofMinutes(10));
        try (var host = new HostBuilder()
                        .limits(limits)
                        .listen("/ip4/127.0.0.1/tcp/0")
                        .start();
                var good = new HostBuilder().limits(LIMITS).start()) {
            good.connect(host.peerId(), host.addresses(), LIMIT);
            var identity = PrivateKey.generate();
            var offences = List.<Consumer<HostilePeer>>of(
                    peer -> peer.data(HostilePeer.SYN, 1, new byte[HostilePeer.WINDOW + 1]), // beyond its window
                    peer -> peer.send(9, 0, 1, 0, new byte[0]), // a frame of no type
                    peer -> peer.data(HostilePeer.SYN, 2, new byte[1])); // an id of our parity
            for (var offence : offences) {
                var peer = new HostilePeer(host, identity);
                offence.accept(peer);
                peer.awaitEnd();
            }
            await(() -> host.counters().of(Event.BANNED) == 1);
            await(() -> host.connection(identity.peerId()).isEmpty());
            long opened = host.counters().of(Event.CONNECTION_OPENED);
            try {
                var again = new HostilePeer(host, identity);
                again.awaitEnd();
            } catch (IOException e) {
                assertThat(e.getMessage()).isNotNull(); // shut out before its handshake was over
            }
            await(() -> host.counters().of(Event.REFUSED_DENIED) >= 1);
            assertThat(host.counters().of(Event.CONNECTION_OPENED)).isEqualTo(opened);
            assertThat(host.receivedAndUnread()).isZero();
            assertThat(good.ping(host.peerId(), LIMIT)).isPositive();
        }
    }
}
