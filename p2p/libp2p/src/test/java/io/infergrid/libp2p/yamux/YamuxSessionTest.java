package io.infergrid.libp2p.yamux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.MuxedSession;
import io.infergrid.libp2p.transport.MuxedStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/** Two sessions over a channel in memory, and one session against raw bytes. */
class YamuxSessionTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** One side: what it was told, and what it does with streams that are opened towards it. */
    private static final class Side implements MuxedSession.Listener {

        private final LinkedBlockingQueue<YamuxStream> opened = new LinkedBlockingQueue<>();
        private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
        private final CompletableFuture<@Nullable IOException> end = new CompletableFuture<>();
        private final Consumer<YamuxStream> serve;
        private final MemoryBudget memory = new MemoryBudget(64 << 20);
        private final AtomicLong clock = new AtomicLong(1_000_000_000);
        private final YamuxSession session;

        Side(Pipe pipe, boolean client, YamuxLimits limits, Consumer<YamuxStream> serve) {
            this.serve = serve;
            session = new YamuxSession(pipe, client, limits, memory, client ? "client" : "server", clock::get);
            session.start(this);
        }

        @Override
        public void opened(MuxedStream muxed) {
            var stream = (YamuxStream) muxed;
            opened.add(stream);
            serve.accept(stream);
        }

        @Override
        public void hit(Event event) {
            events.add(event);
        }

        @Override
        public void goingAway() {}

        @Override
        public void closed(@Nullable IOException cause) {
            end.complete(cause);
        }

        YamuxStream next() throws InterruptedException {
            var stream = opened.poll(20, TimeUnit.SECONDS);
            assertThat(stream).isNotNull();
            return stream;
        }
    }

    private static void nothing(YamuxStream stream) {}

    /** Reads a seed and two lengths, checks the bytes of the first length and answers with those of the second. */
    private static void converse(YamuxStream stream) {
        Thread.ofVirtual().start(() -> {
            try {
                var in = new DataInputStream(stream.in());
                long seed = in.readLong();
                int there = in.readInt();
                int back = in.readInt();
                var random = new Random(seed);
                try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                    Future<?> answer = threads.submit(() -> send(stream, seed + 1, back));
                    check(stream, random, seed, there);
                    answer.get();
                }
                stream.close();
            } catch (Exception e) {
                stream.reset();
            }
        });
    }

    private static @Nullable Void send(YamuxStream stream, long seed, int length) throws IOException {
        var random = new Random(seed);
        var shape = new Random(~seed);
        OutputStream out = stream.out();
        for (int left = length; left > 0; ) {
            int n = Math.min(left, 1 + (shape.nextBoolean() ? shape.nextInt(200_000) : shape.nextInt(100)));
            var bytes = new byte[n];
            for (int i = 0; i < n; i++) {
                bytes[i] = (byte) random.nextInt();
            }
            out.write(bytes);
            if (shape.nextInt(3) == 0) {
                out.flush();
            }
            left -= n;
        }
        stream.closeWrite();
        return null;
    }

    private static void check(YamuxStream stream, Random shape, long seed, int length) throws IOException {
        var random = new Random(seed);
        int count = 0;
        while (true) {
            var bytes = new byte[1 + (shape.nextBoolean() ? shape.nextInt(100_000) : shape.nextInt(50))];
            int n = stream.in().read(bytes);
            if (n < 0) {
                break;
            }
            for (int i = 0; i < n; i++) {
                if (bytes[i] != (byte) random.nextInt()) {
                    throw new IOException("byte " + (count + i) + " is another one than was sent");
                }
            }
            count += n;
        }
        if (count != length) {
            throw new EOFException("expected " + length + " bytes, found " + count);
        }
    }

    private static @Nullable Void talk(YamuxSession session, long seed, int there, int back) throws Exception {
        var stream = session.open(LIMIT);
        var out = new DataOutputStream(stream.out());
        out.writeLong(seed);
        out.writeInt(there);
        out.writeInt(back);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> sending = threads.submit(() -> send(stream, seed, there));
            check(stream, new Random(seed + 2), seed + 1, back);
            sending.get();
        }
        stream.close();
        return null;
    }

    @Property(tries = 40)
    void every_stream_gets_its_bytes_in_order_whatever_runs_beside_it(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int streams) throws Exception {
        var ends = Pipe.create(seed);
        var a = new Side(ends.a(), true, YamuxLimits.DEFAULT, YamuxSessionTest::converse);
        var b = new Side(ends.b(), false, YamuxLimits.DEFAULT, YamuxSessionTest::converse);
        var random = new Random(seed);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var talks = new ArrayList<Future<?>>();
            for (int i = 0; i < streams; i++) {
                var from = random.nextBoolean() ? a.session : b.session;
                long own = random.nextLong();
                int there = random.nextInt(600_000);
                int back = random.nextInt(3) == 0 ? 0 : random.nextInt(600_000);
                talks.add(threads.submit(() -> talk(from, own, there, back)));
            }
            for (var talk : talks) {
                talk.get(30, TimeUnit.SECONDS);
            }
        }
        a.session.close();
        assertThat(a.end.get(20, TimeUnit.SECONDS)).isNull();
        assertThat(b.end.get(20, TimeUnit.SECONDS)).isNull();
        assertThat(a.events).isEmpty();
        assertThat(b.events).isEmpty();
        assertThat(a.session.openStreams()).isZero();
        assertThat(b.session.openStreams()).isZero();
    }

    @Property(tries = 500)
    void any_bytes_end_a_session_with_one_declared_failure(@ForAll @Size(max = 400) byte[] bytes) throws Exception {
        feed(bytes);
    }

    @Property(tries = 500)
    void any_frames_end_a_session_with_one_declared_failure(
            @ForAll @Size(max = 60) List<@IntRange(max = Integer.MAX_VALUE) Integer> choices) throws Exception {
        var bytes = ByteBuffer.allocate(60 * (Frame.HEADER_BYTES + 64));
        for (int choice : choices) {
            var random = new Random(choice);
            int body = random.nextInt(64);
            int type = random.nextInt(12) == 0 ? random.nextInt(256) : random.nextInt(4);
            int stream = random.nextInt(8) == 0 ? random.nextInt() : 1 + 2 * random.nextInt(5);
            boolean honest = random.nextInt(10) > 0;
            int length = type == Frame.DATA && honest ? body : random.nextInt();
            Frame.put(bytes, type, random.nextInt(16), stream, length);
            if (type == Frame.DATA) {
                bytes.put(new byte[body]);
            }
        }
        var fed = new byte[bytes.flip().remaining()];
        bytes.get(fed);
        feed(fed);
    }

    private static void feed(byte[] bytes) throws Exception {
        var ends = Pipe.create(bytes.length);
        var memory = new MemoryBudget(1 << 20);
        var end = new CompletableFuture<@Nullable IOException>();
        var session = new YamuxSession(ends.a(), false, YamuxLimits.DEFAULT, memory, "fuzzed", System::nanoTime);
        session.start(new MuxedSession.Listener() {
            @Override
            public void opened(MuxedStream stream) {}

            @Override
            public void hit(Event event) {}

            @Override
            public void goingAway() {}

            @Override
            public void closed(@Nullable IOException cause) {
                end.complete(cause);
            }
        });
        Thread.ofVirtual()
                .start(
                        () -> { // takes what the session answers
                            try {
                                for (ByteBuffer got; (got = ends.b().read()) != null; ) {
                                    got.position(got.limit());
                                }
                            } catch (IOException e) {
                                // the session closed the channel
                            }
                        });
        try {
            ends.b().write(ByteBuffer.wrap(bytes));
            ends.b().closeOutput();
        } catch (IOException e) {
            // the session closed the channel before it read everything
        }
        var cause = end.get(20, TimeUnit.SECONDS);
        if (cause != null) {
            assertThat(cause.getMessage()).isNotBlank().doesNotContain("the session failed");
        }
        assertThat(memory.used()).isLessThan(1 << 20);
    }

    @Example
    void a_reader_that_stops_stops_the_writer_at_the_window() throws Exception {
        var ends = Pipe.create(1);
        var a = new Side(ends.a(), true, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var b = new Side(ends.b(), false, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var stream = a.session.open(LIMIT);
        stream.timeout(Duration.ofMillis(300));
        assertThatThrownBy(() -> stream.out().write(new byte[1_000_000]))
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessageContaining("did not read");
        var other = b.next();
        assertThatThrownBy(() -> other.in().readAllBytes()).hasMessageContaining("reset");
        assertThat(b.memory.used()).isLessThanOrEqualTo(2 * YamuxStream.INITIAL_WINDOW);
        other.close();
        assertThat(b.memory.used()).isZero();
        a.session.close();
    }

    @Example
    void bytes_that_came_before_a_reset_can_be_read() throws Exception {
        var ends = Pipe.create(2);
        var a = new Side(ends.a(), true, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var b = new Side(ends.b(), false, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var stream = a.session.open(LIMIT);
        stream.out().write(new byte[1000]);
        stream.out().flush();
        stream.reset();
        var other = b.next();
        assertThat(other.in().readNBytes(1000)).hasSize(1000);
        assertThatThrownBy(() -> other.in().read()).hasMessageContaining("reset");
        a.session.close();
    }

    @Example
    void bytes_that_came_before_the_connection_broke_can_be_read() throws Exception {
        var ends = Pipe.create(8);
        var side = new Side(ends.a(), false, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        ends.b().write(Frame.header(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0));
        for (int i = 0; i < 4; i++) {
            ends.b().write(Frame.header(Frame.DATA, 0, 1, 50_000), ByteBuffer.allocate(50_000));
        }
        ends.b().closeOutput();
        assertThat(side.end.get(20, TimeUnit.SECONDS)).isInstanceOf(EOFException.class);
        var stream = side.next();
        assertThat(stream.in().readNBytes(200_000)).hasSize(200_000); // more than half a window
        assertThatThrownBy(() -> stream.in().read()).hasMessageContaining("closed the connection");
    }

    @Example
    void each_half_ends_on_its_own() throws Exception {
        var ends = Pipe.create(3);
        var a = new Side(ends.a(), true, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var b = new Side(ends.b(), false, YamuxLimits.DEFAULT, YamuxSessionTest::nothing);
        var stream = a.session.open(LIMIT);
        stream.out().write(1);
        stream.closeWrite();
        var other = b.next();
        assertThat(other.in().read()).isEqualTo(1);
        assertThat(other.in().read()).isEqualTo(-1);
        assertThatThrownBy(() -> {
                    stream.out().write(2);
                    stream.out().flush();
                })
                .hasMessageContaining("closed for writing");
        other.out().write(3);
        other.closeWrite();
        assertThat(stream.in().read()).isEqualTo(3);
        assertThat(stream.in().read()).isEqualTo(-1);
        other.close();
        stream.close();
        assertThat(a.session.openStreams()).isZero();
        a.session.close();
    }

    @Example
    void unanswered_streams_are_bounded() throws Exception {
        var ends = Pipe.create(4);
        var limits = new YamuxLimits(256, 3, 16 << 20, LIMIT, LIMIT, LIMIT);
        var a = new Side(ends.a(), true, limits, YamuxSessionTest::nothing);
        var b = new Side(ends.b(), false, limits, YamuxSessionTest::nothing);
        for (int i = 0; i < 3; i++) {
            var stream = a.session.open(LIMIT);
            stream.out().write(1);
            stream.out().flush();
        }
        assertThatThrownBy(() -> a.session.open(Duration.ofMillis(100)))
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessageContaining("left 3 streams unanswered");
        var first = b.next();
        first.out().write(1); // acknowledges it
        first.out().flush();
        assertThat(a.session.open(LIMIT)).isNotNull();
        a.session.close();
    }

    @Example
    void the_window_grows_for_a_reader_that_keeps_up_over_a_long_way() throws Exception {
        try (var way = new LongWay(Duration.ofMillis(100))) {
            long max = YamuxLimits.DEFAULT.maxWindow();
            way.send(4 * max);
            assertThat(way.awaitCredit(max - max / 8)).isLessThanOrEqualTo(max);
        }
    }

    @Example
    void the_window_stays_for_a_reader_that_takes_its_time() throws Exception {
        try (var way = new LongWay(Duration.ofMillis(100))) {
            long window = YamuxStream.INITIAL_WINDOW;
            for (int i = 0; i < 4; i++) {
                way.side.clock.addAndGet(Duration.ofSeconds(1).toNanos());
                way.send(window / 2);
                assertThat(way.awaitCredit(window / 2 + 1)).isLessThanOrEqualTo(window);
            }
        }
    }

    /** A session whose streams are read at once, with a raw other side that answered its ping late. */
    private static final class LongWay implements AutoCloseable {

        private static final int PIECE = 32_768;

        private final Pipe raw;
        private final Side side;
        private long credit = YamuxStream.INITIAL_WINDOW;

        LongWay(Duration roundTrip) throws IOException, InterruptedException {
            var ends = Pipe.create(5);
            raw = ends.b();
            side = new Side(ends.a(), false, YamuxLimits.DEFAULT, LongWay::readAll);
            var ping = frameOf(raw, Frame.PING);
            side.clock.addAndGet(roundTrip.toNanos());
            raw.write(Frame.header(Frame.PING, Frame.ACK, 0, ping.getInt(8)));
            raw.write(Frame.header(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0));
            assertThat(side.next()).isNotNull(); // both frames were taken at this time of the clock
            Thread.ofVirtual().start(this::countUpdates);
        }

        private static void readAll(YamuxStream stream) {
            Thread.ofVirtual().start(() -> {
                try {
                    stream.in().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                    stream.reset();
                }
            });
        }

        private void countUpdates() {
            try {
                while (true) {
                    give(Integer.toUnsignedLong(
                            frameOf(raw, Frame.WINDOW_UPDATE).getInt(8)));
                }
            } catch (IOException e) {
                // the test is over
            }
        }

        private synchronized void give(long bytes) {
            credit += bytes;
            notifyAll();
        }

        /** Sends that many bytes as the window allows. */
        void send(long bytes) throws Exception {
            for (long left = bytes; left > 0; left -= PIECE) {
                awaitCredit(PIECE);
                give(-PIECE);
                raw.write(Frame.header(Frame.DATA, 0, 1, PIECE), ByteBuffer.allocate(PIECE));
            }
        }

        /** Waits until at least that much may be sent and returns how much. */
        synchronized long awaitCredit(long bytes) throws InterruptedException {
            long until = System.nanoTime() + LIMIT.toNanos();
            while (credit < bytes && System.nanoTime() < until) {
                wait(100);
            }
            assertThat(credit).isGreaterThanOrEqualTo(bytes);
            return credit;
        }

        @Override
        public void close() {
            side.session.abort();
        }
    }

    /** The next frame of that type that the session sent. */
    private static ByteBuffer frameOf(Pipe raw, int type) throws IOException {
        while (true) {
            var header = ByteBuffer.allocate(Frame.HEADER_BYTES);
            while (header.hasRemaining()) {
                var bytes = raw.read();
                if (bytes == null) {
                    throw new EOFException();
                }
                header.put(bytes.get());
            }
            if (header.get(1) == type) {
                return header;
            }
        }
    }

    @Example
    void a_silent_peer_is_given_up_and_a_talking_one_is_not() throws Exception {
        var limits = new YamuxLimits(256, 256, 16 << 20, Duration.ofSeconds(30), Duration.ofSeconds(10), LIMIT);
        var talking = Pipe.create(6);
        var a = new Side(talking.a(), true, limits, YamuxSessionTest::nothing);
        var b = new Side(talking.b(), false, limits, YamuxSessionTest::nothing);
        awaitRoundTrip(a.session);
        var silent = Pipe.create(7);
        var lonely = new Side(silent.a(), true, limits, YamuxSessionTest::nothing);
        for (var side : List.of(a, b, lonely)) {
            side.clock.addAndGet(Duration.ofSeconds(11).toNanos());
            side.session.tick();
        }
        var cause = lonely.end.get(20, TimeUnit.SECONDS);
        assertThat(cause)
                .isInstanceOfSatisfying(
                        ProtocolViolation.class, v -> assertThat(v.event()).isEqualTo(Event.UNRESPONSIVE));
        assertThat(a.session.isOpen()).isTrue();
        assertThat(b.session.isOpen()).isTrue();
        a.session.close();
    }

    private static void awaitRoundTrip(YamuxSession session) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (session.roundTrip().isZero()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Example
    void ids_of_the_other_side_are_used_once_and_in_any_near_order() {
        var ids = new StreamIds();
        assertThat(ids.use(3)).isTrue();
        assertThat(ids.use(1)).isTrue();
        assertThat(ids.use(1)).isFalse();
        assertThat(ids.use(3)).isFalse();
        assertThat(ids.wasUsed(5)).isFalse();
        assertThat(ids.use(20_001)).isTrue();
        assertThat(ids.use(19_999)).isTrue();
        assertThat(ids.use(5)).isFalse(); // too old to be told from a used one
        assertThat(ids.wasUsed(5)).isTrue();
        assertThat(ids.use(-1)).isTrue(); // 2^32 - 1
        assertThat(ids.use(20_003)).isFalse();
    }

    @Example
    void a_part_of_a_budget_is_within_the_whole() {
        var whole = new MemoryBudget(100);
        var first = whole.part(80);
        var second = whole.part(80);
        assertThat(first.reserve(80)).isTrue();
        assertThat(first.reserve(1)).isFalse();
        assertThat(second.reserve(21)).isFalse();
        assertThat(second.used()).isZero();
        assertThat(second.reserve(20)).isTrue();
        first.release(80);
        assertThat(whole.used()).isEqualTo(20);
    }
}
