package io.infergrid.libp2p.quic;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.MuxedSession;
import io.infergrid.libp2p.transport.MuxedStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicDatagramExtensionEvent;
import io.netty.handler.codec.quic.QuicException;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamLimitChangedEvent;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.codec.quic.QuicTransportError;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A QUIC connection whose handshake is done. Stream limits, windows and loss are QUIC's; this makes its streams blocking ones and its
 * end an exception with a reason.
 */
final class QuicSession extends ChannelInboundHandlerAdapter implements MuxedSession {

    private static final byte[] SIGN_OF_LIFE = {0};
    private static final Duration YOUTH = Duration.ofMillis(300);

    private final QuicChannel channel;
    private final QuicLimits limits;
    private final Duration linger;
    private final MemoryBudget memory;
    private final Set<QuicStream> streams = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean over = new AtomicBoolean();

    private final ReentrantLock opening = new ReentrantLock(true);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition allowed = lock.newCondition();
    private final List<QuicStream> early = new ArrayList<>(); // opened by the peer before the host was ready
    private @Nullable Listener listener;
    private boolean told;

    private volatile boolean goneAway;
    private volatile boolean closing;
    private volatile boolean takesDatagrams;
    private volatile @Nullable IOException failure;
    private volatile long roundTripNanos;
    private final long made = System.nanoTime();
    private long lastSign = made;

    /**
     * @param memory for what its streams received and nobody read yet
     * @param linger how long a stream that is closed here waits for the other side to end
     */
    QuicSession(QuicChannel channel, QuicLimits limits, MemoryBudget memory, Duration linger) {
        this.channel = channel;
        this.limits = limits;
        this.memory = memory;
        this.linger = linger;
    }

    QuicChannel channel() {
        return channel;
    }

    QuicLimits limits() {
        return limits;
    }

    MemoryBudget memory() {
        return memory;
    }

    Duration linger() {
        return linger;
    }

    @Override
    public void start(Listener host) {
        List<QuicStream> waiting;
        boolean dead;
        lock.lock();
        try {
            listener = host;
            waiting = List.copyOf(early);
            early.clear();
            dead = over.get() && !told;
            told |= dead;
        } finally {
            lock.unlock();
        }
        waiting.forEach(host::opened);
        if (dead) {
            host.closed(closing ? null : failure);
        }
        measure();
    }

    @Override
    public MuxedStream open(Duration limit) throws IOException {
        long until = System.nanoTime() + limit.toNanos();
        try {
            // one after the other, so that those that wait for a place get it in the order in which they came
            if (!opening.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw noPlace(limit);
            }
            try {
                return open(until, limit);
            } finally {
                opening.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while opening a stream");
        }
    }

    private QuicStream open(long until, Duration limit) throws IOException, InterruptedException {
        while (true) {
            awaitPlace(until, limit);
            var stream = new QuicStream(this);
            streams.add(stream);
            var made = channel.createStream(QuicStreamType.BIDIRECTIONAL, stream);
            if (made.await(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS) && made.isSuccess()) {
                return stream;
            }
            streams.remove(stream);
            var cause = made.cause();
            if (cause == null) {
                made.addListener((Future<QuicStreamChannel> late) -> {
                    if (late.isSuccess()) {
                        stream.reset();
                    }
                });
                throw noPlace(limit);
            }
            if (!isFull(cause)) {
                throw isOver() ? closedException() : new IOException("no stream could be opened: " + cause, cause);
            }
        }
    }

    /** The count of what the peer allows may be older than its last word. */
    private static boolean isFull(Throwable cause) {
        return cause instanceof QuicException quic && quic.error() == QuicTransportError.STREAM_LIMIT_ERROR;
    }

    private static SocketTimeoutException noPlace(Duration limit) {
        return new SocketTimeoutException("the peer took no further stream for " + limit);
    }

    /** Waits until the peer takes one more stream. */
    private void awaitPlace(long until, Duration limit) throws IOException, InterruptedException {
        lock.lock();
        try {
            while (true) {
                if (!isOpen()) {
                    throw closedException();
                }
                if (channel.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL) > 0) {
                    return;
                }
                long left = until - System.nanoTime();
                if (left <= 0) {
                    throw noPlace(limit);
                }
                long _ = allowed.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(100)));
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isOpen() {
        return !over.get() && !closing && !goneAway;
    }

    boolean isOver() {
        return over.get() || closing;
    }

    @Override
    public int openStreams() {
        return streams.size();
    }

    @Override
    public Duration roundTrip() {
        return Duration.ofNanos(roundTripNanos);
    }

    /** QUIC has no word for it; we open no more, and the connection ends when the streams have. */
    @Override
    public void goAway() {
        goneAway = true;
    }

    /**
     * The word of the end is sent once. A listener that still checks our certificate cannot read it, and would wait for us until it
     * gives up; so a young connection ends a moment later.
     */
    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        long wait = YOUTH.toNanos() - (System.nanoTime() - made);
        if (wait <= 0) {
            end();
        } else {
            Future<?> _ = channel.eventLoop().schedule(this::end, wait, TimeUnit.NANOSECONDS);
        }
    }

    private void end() {
        Future<?> _ = channel.close(true, 0, Unpooled.EMPTY_BUFFER);
    }

    @Override
    public void abort() {
        close();
    }

    @Override
    public void tick() {
        long now = System.nanoTime();
        for (var stream : streams) {
            stream.tick(now);
        }
        if (now - lastSign > limits.keepAlive().toNanos()) {
            lastSign = now;
            if (takesDatagrams) { // peers that do not, keep their connections alive themselves
                Future<?> _ = channel.writeAndFlush(Unpooled.wrappedBuffer(SIGN_OF_LIFE), channel.voidPromise());
            }
            measure();
        }
    }

    private void measure() {
        channel.collectPathStats(0).addListener((Future<io.netty.handler.codec.quic.QuicConnectionPathStats> f) -> {
            if (f.isSuccess() && f.getNow() != null) {
                roundTripNanos = f.getNow().rtt();
            }
        });
    }

    // ---- called by streams ----

    void hit(Event event) {
        var host = listener;
        if (host != null) {
            host.hit(event);
        }
    }

    void removed(QuicStream stream) {
        streams.remove(stream);
    }

    IOException closedException() {
        var cause = failure;
        return cause == null
                ? new IOException("the connection is closed")
                : new IOException("the connection is closed: " + cause.getMessage(), cause);
    }

    // ---- on the event loop ----

    /** A stream that the peer opened. */
    void opened(QuicStreamChannel opened) {
        var stream = new QuicStream(this);
        streams.add(stream);
        opened.pipeline().addLast(stream);
        Listener host;
        lock.lock();
        try {
            host = listener;
            if (host == null) {
                early.add(stream); // no more than streams are allowed
            }
        } finally {
            lock.unlock();
        }
        if (host != null) {
            host.opened(stream);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof QuicStreamChannel) {
            context.fireChannelRead(message);
        } else {
            ReferenceCountUtil.release(message); // a sign of life
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        switch (event) {
            case QuicStreamLimitChangedEvent _ -> {
                lock.lock();
                try {
                    allowed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
            case QuicDatagramExtensionEvent datagrams -> takesDatagrams = datagrams.maxLength() > 0;
            case QuicConnectionCloseEvent closed -> {
                if (!closed.isApplicationClose() || closed.error() != 0) {
                    failure = new IOException("the peer closed the connection with error " + closed.error());
                }
            }
            default -> context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (failure == null) {
            failure = new IOException("the connection broke: " + cause.getMessage(), cause);
        }
        Future<?> _ = context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (channel.isTimedOut() && failure == null) {
            failure = new ProtocolViolation(
                    Event.UNRESPONSIVE,
                    "the peer was silent for " + limits.idle().toSeconds() + " s");
        }
        Listener host;
        boolean tell;
        lock.lock();
        try {
            over.set(true);
            host = listener;
            tell = host != null && !told;
            told |= tell;
            allowed.signalAll();
        } finally {
            lock.unlock();
        }
        if (tell && host != null) {
            host.closed(closing ? null : failure);
        }
    }
}
