package io.infergrid.libp2p.swarm;

import static io.infergrid.libp2p.swarm.HostilePeer.DATA;
import static io.infergrid.libp2p.swarm.HostilePeer.FIN;
import static io.infergrid.libp2p.swarm.HostilePeer.PING;
import static io.infergrid.libp2p.swarm.HostilePeer.SYN;
import static io.infergrid.libp2p.swarm.HostilePeer.WINDOW;
import static io.infergrid.libp2p.swarm.HostilePeer.WINDOW_UPDATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.infergrid.libp2p.Connection;
import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.HostBuilder;
import io.infergrid.libp2p.HostListener;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.yamux.YamuxLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/**
 * What a host does with a peer that breaks the rules: it counts it, ends what has to end, and goes on serving everyone else, which is
 * checked after each of these tests.
 */
@Timeout(60)
class HostilePeerTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ECHO = "/echo/1.0.0";
    private static final String SINK = "/sink/1.0.0"; // reads nothing
    private static final String SOURCE = "/source/1.0.0"; // writes without end

    private final CountDownLatch testIsOver = new CountDownLatch(1);
    private final LinkedBlockingQueue<String> sourceEnded = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Connection> gone = new LinkedBlockingQueue<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Swarm host;

    @BeforeEach
    void start() throws IOException {
        start(Limits.DEFAULT);
    }

    private void start(Limits limits) throws IOException {
        if (host != null) {
            host.close();
        }
        host = new HostBuilder().listen("/ip4/127.0.0.1/tcp/0").limits(limits).start();
        host.handle(ECHO, stream -> {
            try {
                stream.in().transferTo(stream.out());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        host.handle(SINK, _ -> {
            try {
                testIsOver.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        host.handle(SOURCE, this::source);
        host.addListener(new HostListener() {
            @Override
            public void disconnected(Connection connection) {
                gone.add(connection);
            }
        });
    }

    private void source(Stream stream) {
        try {
            stream.timeout(Duration.ofMillis(500));
            while (true) {
                stream.out().write(new byte[65_536]);
            }
        } catch (IOException e) {
            sourceEnded.add(String.valueOf(e.getMessage()));
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void serves_the_next_peer_and_ends() throws Exception {
        try (var honest = new HostBuilder().start()) {
            honest.connect(host.peerId(), host.addresses(), LIMIT);
            try (var stream = honest.open(host.peerId(), ECHO, LIMIT)) {
                stream.timeout(LIMIT);
                stream.out().write(new byte[100_000]);
                stream.closeWrite();
                assertThat(stream.in().readAllBytes()).hasSize(100_000);
            }
        } finally {
            testIsOver.countDown();
            for (var one : open) {
                one.close();
            }
            host.close();
        }
    }

    private HostilePeer peer() throws IOException {
        var peer = new HostilePeer(host);
        open.add(peer);
        return peer;
    }

    private RawConnection connection() throws IOException {
        var raw = HostilePeer.connect(host.addresses().getFirst());
        open.add(raw);
        return raw;
    }

    private void assertEndedAs(Event event, HostilePeer peer) {
        peer.awaitEnd();
        assertThat(host.counters().of(event))
                .as(host.counters().snapshot().toString())
                .isEqualTo(1);
    }

    // ---- frames ----

    @Test
    void a_frame_larger_than_any_window() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        peer.send(DATA, 0, 1, 17 << 20, new byte[100]);
        assertEndedAs(Event.WINDOW_OVERRUN, peer);
    }

    @Test
    void a_frame_of_four_gigabytes() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        peer.send(DATA, 0, 1, -1, new byte[100]);
        assertEndedAs(Event.WINDOW_OVERRUN, peer);
    }

    @Test
    void more_bytes_than_the_window() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        for (int i = 0; i < 5; i++) {
            peer.data(0, 1, new byte[60_000]);
        }
        assertEndedAs(Event.WINDOW_OVERRUN, peer);
    }

    @Test
    void more_bytes_than_the_window_with_the_syn() throws IOException {
        var peer = peer();
        peer.data(SYN, 1, new byte[WINDOW + 1]);
        assertEndedAs(Event.WINDOW_OVERRUN, peer);
    }

    @Test
    void bytes_after_the_end_of_a_stream() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        peer.send(WINDOW_UPDATE, FIN, 1, 0, new byte[0]);
        peer.data(0, 1, new byte[10]);
        assertEndedAs(Event.BAD_FRAME, peer);
    }

    @Test
    void a_send_window_beyond_its_width_resets_the_stream_only() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        peer.send(WINDOW_UPDATE, 0, 1, -1, new byte[0]);
        peer.awaitReset(1);
        assertThat(host.counters().of(Event.WINDOW_OVERFLOW)).isEqualTo(1);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_stream_id_of_the_hosts_parity() throws IOException {
        var peer = peer();
        peer.open(2, ECHO);
        assertEndedAs(Event.STREAM_ID, peer);
    }

    @Test
    void a_stream_id_used_twice() throws IOException {
        var peer = peer();
        peer.open(1, SINK);
        peer.open(1, SINK);
        assertEndedAs(Event.STREAM_ID, peer);
    }

    @Test
    void data_on_a_stream_that_was_never_opened() throws IOException {
        var peer = peer();
        peer.data(0, 77, new byte[10]);
        assertEndedAs(Event.STREAM_ID, peer);
    }

    @Test
    void data_on_stream_zero() throws IOException {
        var peer = peer();
        peer.data(0, 0, new byte[10]);
        assertEndedAs(Event.STREAM_ID, peer);
    }

    @Test
    void a_frame_of_another_version() throws IOException {
        var peer = peer();
        peer.send(new HostilePeer.Frame(1, DATA, SYN, 1, 0), new byte[0]);
        assertEndedAs(Event.BAD_FRAME, peer);
    }

    @Test
    void a_frame_of_another_type() throws IOException {
        var peer = peer();
        peer.send(4, 0, 1, 0, new byte[0]);
        assertEndedAs(Event.BAD_FRAME, peer);
    }

    @Test
    void a_flood_of_pings() throws IOException {
        var peer = peer();
        for (int i = 0; i < 100_000 && !peer.hungUp(); i++) {
            peer.send(PING, SYN, 0, i, new byte[0]);
        }
        assertThat(peer.hungUp()).isTrue();
        assertEndedAs(Event.CONTROL_FLOOD, peer);
    }

    @Test
    void a_record_that_is_not_authentic() throws IOException {
        var peer = peer();
        peer.raw().out().write(new byte[] {0, 20});
        peer.raw().out().write(new byte[20]);
        assertEndedAs(Event.NOT_AUTHENTIC, peer);
    }

    @Test
    void a_record_too_short_for_its_tag() throws IOException {
        var peer = peer();
        peer.raw().out().write(new byte[] {0, 5, 1, 2, 3, 4, 5});
        assertEndedAs(Event.BAD_FRAME, peer);
    }

    // ---- streams ----

    @Test
    void a_flood_of_streams_gets_as_many_as_are_allowed() throws IOException {
        var peer = peer();
        for (int i = 0; i < 300; i++) {
            peer.send(WINDOW_UPDATE, SYN, 1 + 2 * i, 0, new byte[0]);
        }
        for (int i = 256; i < 300; i++) {
            peer.awaitReset(1 + 2 * i);
        }
        assertThat(host.counters().of(Event.REFUSED_STREAMS)).isEqualTo(44);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_stream_that_asks_for_nothing_is_dropped_in_time() throws IOException {
        start(Limits.DEFAULT.withTimes(LIMIT, LIMIT, Duration.ofSeconds(1)));
        var peer = peer();
        peer.send(WINDOW_UPDATE, SYN, 1, 0, new byte[0]);
        peer.awaitReset(1);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_stream_that_speaks_no_multistream() throws IOException {
        var peer = peer();
        peer.data(SYN, 1, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        peer.awaitReset(1);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void too_many_streams_of_one_protocol() throws IOException {
        start(Limits.DEFAULT.withInboundStreamsPerProtocol(3));
        var peer = peer();
        for (int i = 0; i < 3; i++) {
            peer.open(1 + 2 * i, SINK);
            awaitAnswer(peer, 1 + 2 * i);
        }
        peer.open(7, SINK);
        peer.awaitReset(7);
        assertThat(host.counters().of(Event.REFUSED_STREAMS)).isEqualTo(1);
        peer.open(9, ECHO); // others are served
        awaitAnswer(peer, 9);
    }

    private static void awaitAnswer(HostilePeer peer, int stream) throws IOException {
        HostilePeer.Frame frame;
        do {
            frame = peer.next();
        } while (frame.stream() != stream || frame.type() != DATA);
    }

    @Test
    void more_unread_bytes_than_there_is_memory_for() throws IOException {
        start(Limits.DEFAULT.withMemory(64 << 20, 900_000));
        var peer = peer();
        for (int i = 0; i < 8; i++) {
            peer.open(1 + 2 * i, SINK);
            awaitAnswer(peer, 1 + 2 * i);
        }
        for (int i = 0; i < 8; i++) {
            peer.data(0, 1 + 2 * i, new byte[200_000]);
        }
        peer.awaitReset(15);
        assertThat(host.counters().of(Event.MEMORY_EXCEEDED)).isBetween(1L, 8L);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_reader_that_reads_nothing_stops_the_handler_at_the_window() throws Exception {
        var peer = peer();
        peer.open(1, SOURCE);
        assertThat(sourceEnded.poll(20, TimeUnit.SECONDS)).contains("did not read");
        peer.awaitReset(1);
        assertThat(host.connections()).hasSize(1);
    }

    @Test
    void a_peer_that_opens_its_window_and_reads_nothing_off_the_wire() throws Exception {
        var yamux = new YamuxLimits(256, 256, 16 << 20, LIMIT, Duration.ofSeconds(1), Duration.ofSeconds(1));
        start(Limits.DEFAULT.withYamux(yamux));
        var peer = peer();
        peer.open(1, SOURCE);
        peer.send(WINDOW_UPDATE, 0, 1, 2_000_000_000, new byte[0]);
        var connection = gone.poll(20, TimeUnit.SECONDS);
        assertThat(connection).isNotNull();
        assertThat(connection.remote()).isEqualTo(peer.peerId());
        assertThat(host.counters().of(Event.UNRESPONSIVE)).isEqualTo(1);
        assertThat(sourceEnded.poll(20, TimeUnit.SECONDS)).isNotNull();
    }

    // ---- connections ----

    @Test
    void a_connection_that_says_nothing() throws IOException {
        start(Limits.DEFAULT.withTimes(Duration.ofSeconds(1), LIMIT, LIMIT));
        var raw = connection();
        readToEnd(raw);
        assertThat(host.connections()).isEmpty();
    }

    @Test
    void a_connection_that_proposes_without_end() throws IOException {
        var raw = connection();
        raw.out().write(("\u0013/multistream/1.0.0\n" + "\u0003/x\n".repeat(17)).getBytes(StandardCharsets.US_ASCII));
        readToEnd(raw);
        assertThat(host.counters().of(Event.HANDSHAKE_FAILED)).isEqualTo(1);
    }

    @Test
    void a_connection_that_speaks_something_else() throws IOException {
        var raw = connection();
        raw.out().write("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        readToEnd(raw);
        assertThat(host.counters().of(Event.MALFORMED)).isEqualTo(1);
    }

    @Test
    void a_handshake_message_beyond_its_bound() throws IOException {
        var raw = connection();
        raw.out().write("\u0013/multistream/1.0.0\n\u0007/noise\n".getBytes(StandardCharsets.US_ASCII));
        raw.out().write(new byte[] {(byte) 0xff, (byte) 0xff});
        readToEnd(raw);
        assertThat(host.counters().of(Event.MALFORMED)).isEqualTo(1);
    }

    /** The host may close with a reset, since it did not read everything. */
    private static void readToEnd(RawConnection raw) {
        try {
            raw.in().readAllBytes();
        } catch (IOException e) {
            raw.close();
        }
    }

    @Test
    void more_connections_in_their_handshake_than_allowed() throws IOException {
        start(Limits.DEFAULT.withPendingInbound(4, 4).withTimes(Duration.ofSeconds(1), LIMIT, LIMIT));
        var waiting = new ArrayList<RawConnection>();
        for (int i = 0; i < 4; i++) {
            waiting.add(connection());
            waiting.getLast().out().write("\u0013/multistream/1.0.0\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(waiting.getLast().in().read()).isEqualTo(19); // the host's header: it is being served
        }
        readToEnd(connection());
        assertThat(host.counters().of(Event.REFUSED_PENDING)).isEqualTo(1);
        waiting.forEach(HostilePeerTest::readToEnd); // their time is up, so that the next one is served
    }

    @Test
    void more_connections_than_allowed() throws IOException {
        start(Limits.DEFAULT.withConnections(2, 2, 100));
        var first = peer();
        var second = peer();
        first.next(); // the host's first ping: it is connected
        second.next();
        readToEnd(connection());
        assertThat(host.counters().of(Event.REFUSED_CONNECTIONS)).isEqualTo(1);
        assertThat(host.connections()).hasSize(2);
        first.close();
        second.close();
        awaitGone(2);
    }

    private void awaitGone(int count) {
        try {
            for (int i = 0; i < count; i++) {
                assertThat(gone.poll(20, TimeUnit.SECONDS)).isNotNull();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_peer_that_falls_silent() throws Exception {
        var yamux = new YamuxLimits(
                256, 256, 16 << 20, Duration.ofMillis(100), Duration.ofSeconds(2), Duration.ofSeconds(1));
        start(Limits.DEFAULT.withYamux(yamux));
        var peer = peer(); // answers no ping and says nothing
        var connection = gone.poll(20, TimeUnit.SECONDS);
        assertThat(connection).isNotNull();
        assertThat(connection.remote()).isEqualTo(peer.peerId());
        assertThat(host.counters().of(Event.UNRESPONSIVE)).isEqualTo(1);
    }

    @Test
    void a_listener_that_answers_nothing_fails_the_dial_in_time() throws IOException {
        start(Limits.DEFAULT.withTimes(Duration.ofSeconds(1), LIMIT, LIMIT));
        try (var silent = new ServerSocket(0)) {
            var address = io.infergrid.libp2p.Multiaddr.parse("/ip4/127.0.0.1/tcp/" + silent.getLocalPort());
            var nobody = io.infergrid.libp2p.identity.PrivateKey.generate().peerId();
            assertThatThrownBy(() -> host.connect(nobody, List.of(address), LIMIT))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> host.connect(nobody, List.of(address), Duration.ofMillis(100)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer from " + nobody);
        }
    }

    // ---- the log ----

    @Test
    void misbehaviour_is_one_line_that_tools_can_read() throws IOException {
        var logger = (Logger) LoggerFactory.getLogger("io.infergrid.libp2p.misbehaviour");
        var lines = new ListAppender<ILoggingEvent>();
        lines.start();
        logger.addAppender(lines);
        try {
            var peer = peer();
            peer.data(0, 77, new byte[10]);
            peer.awaitEnd();
            assertThat(lines.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anySatisfy(line -> assertThat(line)
                            .matches("misbehaviour peer=" + peer.peerId()
                                    + " addr=/ip4/127\\.0\\.0\\.1/tcp/\\d+ event=STREAM_ID detail=\"[^\"]+\""));
        } finally {
            logger.detachAppender(lines);
        }
    }
}
