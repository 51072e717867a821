package io.infergrid.libp2p.yamux;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.MuxedSession;
import io.infergrid.libp2p.transport.SecuredChannel;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One side of a Yamux session. Thread-safe. Someone has to call {@link #tick} about once a second, which keeps the session alive,
 * notices a peer that is gone and ends what lingers.
 */
public final class YamuxSession implements MuxedSession {

    public static final String PROTOCOL = "/yamux/1.0.0";

    /** Room in one write for the frames before and after the data. */
    static final int MAX_BODY = SecuredChannel.MAX_WRITE_BYTES - 3 * Frame.HEADER_BYTES;

    private static final int CONTROL_QUEUE = 1024;
    private static final int PING_BURST = 64;
    private static final int PINGS_PER_SECOND = 10;

    private final SecuredChannel channel;
    private final boolean client;
    private final YamuxLimits limits;
    private final MemoryBudget budget;
    /**
     * What windows grew by, over all streams. What was promised may come at once, so it stays within half of the memory; the other half is
     * for the windows that streams begin with.
     */
    private final MemoryBudget promises;

    private final LongSupplier clock;
    private final String name;

    private final Map<Integer, YamuxStream> streams = new ConcurrentHashMap<>();
    private final AtomicInteger inbound = new AtomicInteger();
    private final ArrayBlockingQueue<ByteBuffer> control = new ArrayBlockingQueue<>(CONTROL_QUEUE);
    private final StreamIds theirIds = new StreamIds();

    private final ReentrantLock opening = new ReentrantLock();
    private final Condition acknowledged = opening.newCondition();
    private int unacknowledged;
    private long nextId;

    private @Nullable Listener listener; // set before the threads start
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile long closingSince;
    private volatile boolean goneAway;
    private volatile boolean over;
    private volatile @Nullable IOException failure;
    private volatile long roundTripNanos;
    private volatile long lastReceived;
    private volatile long pingSent;
    private volatile int pingValue;
    private volatile boolean pinging;
    private long pingAllowance = PING_BURST; // reader thread
    private long pingRefilled;

    /**
     * @param client whether this side dialled
     * @param name for the names of threads
     * @param clock nanoseconds, for pings and windows; {@link System#nanoTime} but in tests
     */
    public YamuxSession(
            SecuredChannel channel,
            boolean client,
            YamuxLimits limits,
            MemoryBudget budget,
            String name,
            LongSupplier clock) {
        this.channel = channel;
        this.client = client;
        this.limits = limits;
        this.budget = budget;
        promises = new MemoryBudget(budget.limit() / 2);
        this.name = name;
        this.clock = clock;
        lastReceived = clock.getAsLong();
        pingRefilled = lastReceived;
        nextId = client ? 1 : 2;
    }

    @Override
    public void start(Listener listener) {
        this.listener = listener;
        Thread.ofVirtual().name("yamux-read-" + name).start(this::readAll);
        Thread.ofVirtual().name("yamux-control-" + name).start(this::sendControl);
        ping(now());
    }

    /** Nothing is sent before the first write to the stream. */
    @Override
    public YamuxStream open(Duration limit) throws IOException {
        opening.lock();
        try {
            long left = limit.toNanos();
            while (isOpen() && unacknowledged >= limits.ackBacklog()) {
                if (left <= 0) {
                    throw new SocketTimeoutException(
                            "the peer has left " + unacknowledged + " streams unanswered for " + limit);
                }
                left = acknowledged.awaitNanos(left);
            }
            if (!isOpen()) {
                throw closedException();
            }
            if (nextId > 0xffffffffL) {
                throw new IOException("all stream ids of the connection are used up");
            }
            var stream = new YamuxStream(this, (int) nextId, Frame.SYN, new Ring(budget));
            nextId += 2;
            unacknowledged++;
            streams.put(stream.id(), stream);
            if (over) { // the reader may have ended between the check and the put
                streams.remove(stream.id());
                throw closedException();
            }
            return stream;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while opening a stream");
        } finally {
            opening.unlock();
        }
    }

    @Override
    public boolean isOpen() {
        return !over && !goneAway && !closing.get();
    }

    @Override
    public int openStreams() {
        return streams.size();
    }

    @Override
    public Duration roundTrip() {
        return Duration.ofNanos(roundTripNanos);
    }

    @Override
    public void goAway() {
        goneAway = true;
        queue(Frame.header(Frame.GO_AWAY, 0, 0, Frame.NORMAL));
    }

    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        closingSince = now() | 1;
        failStreams(new IOException("the connection was closed here"));
        if (!control.offer(Frame.header(Frame.GO_AWAY, 0, 0, Frame.NORMAL))) {
            channel.close();
        }
    }

    @Override
    public void abort() {
        closing.set(true);
        channel.close();
    }

    @Override
    public void tick() {
        long now = now();
        long writing = channel.writingSince();
        if (writing != 0 && System.nanoTime() - writing > limits.unresponsive().toNanos()) {
            unresponsive("a write of ours was not taken for " + limits.unresponsive());
            return;
        }
        if (closingSince != 0 && now - closingSince > limits.linger().toNanos()) {
            channel.close();
            return;
        }
        streams.values().forEach(s -> s.tick(now, limits.linger().toNanos()));
        boolean silent = pinging && lastReceived - pingSent <= 0;
        if (silent && now - pingSent > limits.unresponsive().toNanos()) {
            unresponsive("no sign of life for " + limits.unresponsive() + " after a ping");
        } else if (!silent && now - pingSent > limits.keepAlive().toNanos()) {
            ping(now);
        }
    }

    private void unresponsive(String why) {
        fail(new ProtocolViolation(Event.UNRESPONSIVE, why));
        channel.close();
    }

    private void ping(long now) {
        pingSent = now;
        pingValue++;
        pinging = true;
        queue(Frame.header(Frame.PING, Frame.SYN, 0, pingValue));
    }

    long now() {
        return clock.getAsLong();
    }

    YamuxLimits limits() {
        return limits;
    }

    MemoryBudget promises() {
        return promises;
    }

    long roundTripNanos() {
        return roundTripNanos;
    }

    void hit(Event event) {
        listener().hit(event);
    }

    /** Sends frames from the thread of who uses a stream. */
    void send(ByteBuffer... frames) throws IOException {
        var broken = failure;
        if (broken != null) {
            throw new IOException(broken.getMessage(), broken);
        }
        channel.write(frames);
    }

    /** Hands a frame to the control thread; never blocks. */
    void queue(ByteBuffer frame) {
        if (!over && !control.offer(frame)) {
            fail(new ProtocolViolation(
                    Event.CONTROL_FLOOD,
                    "expected at most " + CONTROL_QUEUE + " control frames on their way, found more"));
            channel.close();
        }
    }

    void removed(YamuxStream stream) {
        streams.remove(stream.id(), stream);
    }

    /** An inbound stream is over on both sides. */
    void freed() {
        inbound.decrementAndGet();
    }

    void acknowledged() {
        opening.lock();
        try {
            unacknowledged--;
            acknowledged.signal();
        } finally {
            opening.unlock();
        }
    }

    boolean isOutbound(int id) {
        return (id & 1) == (client ? 1 : 0);
    }

    private IOException closedException() {
        var broken = failure;
        return broken != null
                ? new IOException("the connection is gone: " + broken.getMessage(), broken)
                : new IOException(goneAway ? "the peer takes no new streams" : "the connection is closed");
    }

    private Listener listener() {
        return Objects.requireNonNull(listener);
    }

    private void fail(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
    }

    private void failStreams(IOException cause) {
        streams.values().forEach(s -> s.fail(cause));
        opening.lock();
        try {
            acknowledged.signalAll();
        } finally {
            opening.unlock();
        }
    }

    // ---- the control thread ----

    private void sendControl() {
        var batch = new ArrayList<ByteBuffer>();
        try {
            while (!over) {
                batch.add(control.take());
                control.drainTo(batch, 64);
                send(batch.toArray(ByteBuffer[]::new));
                batch.clear();
                if ((closing.get() || failure != null) && control.isEmpty()) {
                    channel.closeOutput();
                    return;
                }
            }
        } catch (InterruptedException | IOException e) {
            channel.close(); // the reader says why
        }
    }

    // ---- the reader thread ----

    private void readAll() {
        IOException cause = null;
        try {
            var input = new Input(channel);
            while (input.header()) {
                frame(input);
            }
            if (!closing.get() && !goneAway && !streams.isEmpty()) {
                cause = new EOFException("the peer closed the connection");
            }
        } catch (IOException e) {
            cause = closing.get() && !(e instanceof ProtocolViolation) ? null : e;
        } catch (RuntimeException e) {
            cause = new IOException("the session failed: " + e, e);
        }
        end(cause);
    }

    private void end(@Nullable IOException found) {
        var known = failure;
        var cause = known != null ? known : found;
        if (cause != null) {
            fail(cause);
        }
        over = true;
        failStreams(cause != null ? cause : new EOFException("the connection was closed"));
        listener().closed(cause); // first, so that who sees the connection close finds it counted
        if (cause instanceof ProtocolViolation && cause == found) {
            farewell();
        } else {
            channel.close();
        }
        boolean _ = control.offer(Frame.header(Frame.GO_AWAY, 0, 0, Frame.NORMAL)); // wakes the control thread
    }

    /** Tells the other side in one frame that we leave and why; the channel closes behind it, at the latest by the write timeout. */
    private void farewell() {
        Thread.ofVirtual().name("yamux-farewell-" + name).start(() -> {
            try {
                channel.write(Frame.header(Frame.GO_AWAY, 0, 0, Frame.PROTOCOL_ERROR));
            } catch (IOException e) {
                // it was a courtesy
            } finally {
                channel.close();
            }
        });
    }

    private void frame(Input in) throws IOException {
        lastReceived = now();
        if (in.version != 0) {
            throw new ProtocolViolation(Event.BAD_FRAME, "yamux: expected version 0, found " + in.version);
        }
        switch (in.type) {
            case Frame.DATA, Frame.WINDOW_UPDATE -> streamFrame(in);
            case Frame.PING -> pinged(in);
            case Frame.GO_AWAY -> awayed(in);
            default ->
                throw new ProtocolViolation(Event.BAD_FRAME, "yamux: expected a type from 0 to 3, found " + in.type);
        }
    }

    private void pinged(Input in) throws ProtocolViolation {
        if ((in.flags & Frame.SYN) != 0) {
            long now = now();
            long earned = (now - pingRefilled) * PINGS_PER_SECOND / 1_000_000_000L;
            if (earned > 0) {
                pingAllowance = Math.min(PING_BURST, pingAllowance + earned);
                pingRefilled = now;
            }
            if (--pingAllowance < 0) {
                throw new ProtocolViolation(
                        Event.CONTROL_FLOOD,
                        "yamux: expected at most " + PINGS_PER_SECOND + " pings a second, found more");
            }
            queue(Frame.header(Frame.PING, Frame.ACK, 0, in.length));
        } else if ((in.flags & Frame.ACK) != 0 && pinging && in.length == pingValue) {
            long sample = Math.max(1, now() - pingSent);
            roundTripNanos = roundTripNanos == 0 ? sample : (roundTripNanos + sample) / 2;
            pinging = false;
        }
    }

    private void awayed(Input in) throws IOException {
        if (in.length != Frame.NORMAL) {
            throw new IOException("the peer left the connection with error " + Integer.toUnsignedString(in.length));
        }
        boolean first = !goneAway;
        goneAway = true;
        if (first && !closing.get()) {
            listener().goingAway();
        }
    }

    private void streamFrame(Input in) throws IOException {
        if (in.stream == 0) {
            throw new ProtocolViolation(Event.STREAM_ID, "yamux: expected a stream's frame, found stream 0");
        }
        boolean fresh = (in.flags & Frame.SYN) != 0;
        var stream = fresh ? accept(in.stream) : known(in.stream);
        if (in.type == Frame.DATA) {
            data(in, stream);
        } else if (stream != null) {
            stream.widen(Integer.toUnsignedLong(in.length));
        }
        if (stream == null) {
            return;
        }
        if ((in.flags & Frame.ACK) != 0) {
            stream.acknowledged();
        }
        if ((in.flags & Frame.RST) != 0) {
            stream.resetByPeer();
        } else if ((in.flags & Frame.FIN) != 0) {
            stream.endedByPeer();
        }
        if (fresh) {
            listener().opened(stream);
        }
    }

    private @Nullable YamuxStream known(int id) throws ProtocolViolation {
        var stream = streams.get(id);
        if (stream == null) {
            boolean wasOpen = isOutbound(id) ? issued(id) : theirIds.wasUsed(id);
            if (!wasOpen) {
                throw new ProtocolViolation(
                        Event.STREAM_ID,
                        "yamux: expected a stream that is or was open, found " + Integer.toUnsignedString(id));
            }
        }
        return stream; // null: it is over here, and the other side did not know when it sent this
    }

    private boolean issued(int id) {
        opening.lock();
        try {
            return Integer.toUnsignedLong(id) < nextId;
        } finally {
            opening.unlock();
        }
    }

    private @Nullable YamuxStream accept(int id) throws ProtocolViolation {
        if (isOutbound(id)) {
            throw new ProtocolViolation(
                    Event.STREAM_ID,
                    "yamux: expected an id of the peer's parity, found " + Integer.toUnsignedString(id));
        }
        if (!theirIds.use(id)) {
            throw new ProtocolViolation(
                    Event.STREAM_ID,
                    "yamux: expected a new stream id, found " + Integer.toUnsignedString(id) + " again");
        }
        boolean tooMany = inbound.get() >= limits.inboundStreams();
        if (tooMany) {
            listener().hit(Event.REFUSED_STREAMS);
        }
        if (tooMany || closing.get()) {
            queue(Frame.header(Frame.WINDOW_UPDATE, Frame.RST, id, 0));
            return null;
        }
        inbound.incrementAndGet();
        var stream = new YamuxStream(this, id, Frame.ACK, new Ring(budget));
        streams.put(id, stream);
        return stream;
    }

    private void data(Input in, @Nullable YamuxStream stream) throws IOException {
        long length = Integer.toUnsignedLong(in.length);
        if (length > limits.maxWindow()) {
            throw new ProtocolViolation(
                    Event.WINDOW_OVERRUN,
                    "yamux: expected at most " + limits.maxWindow() + " bytes in a frame, found " + length);
        }
        if (stream != null) {
            stream.spend((int) length);
        }
        for (int left = (int) length; left > 0; ) {
            var bytes = in.bytes();
            int n = Math.min(left, bytes.remaining());
            if (stream != null) {
                stream.deliver(bytes.array(), bytes.arrayOffset() + bytes.position(), n);
            }
            bytes.position(bytes.position() + n);
            left -= n;
        }
    }

    /** Frame headers out of the pieces in which the channel gives bytes. */
    private static final class Input {

        private final SecuredChannel channel;
        private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER_BYTES);
        int version;
        int type;
        int flags;
        int stream;
        int length;

        Input(SecuredChannel channel) {
            this.channel = channel;
        }

        /** Reads the next header; false at an end between frames. */
        boolean header() throws IOException {
            header.clear();
            while (header.hasRemaining()) {
                var bytes = channel.read();
                if (bytes == null) {
                    if (header.position() > 0) {
                        throw new EOFException("the connection ended inside a frame header");
                    }
                    return false;
                }
                int n = Math.min(header.remaining(), bytes.remaining());
                header.put(header.position(), bytes, bytes.position(), n);
                header.position(header.position() + n);
                bytes.position(bytes.position() + n);
            }
            header.flip();
            version = header.get();
            type = header.get();
            flags = header.getShort();
            stream = header.getInt();
            length = header.getInt();
            return true;
        }

        ByteBuffer bytes() throws IOException {
            var bytes = channel.read();
            if (bytes == null) {
                throw new EOFException("the connection ended inside a frame");
            }
            return bytes;
        }
    }
}
