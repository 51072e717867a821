package io.infergrid.libp2p.quic;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.transport.MuxedStream;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a QUIC connection as one that blocks. The event loop puts what comes into an {@link Inbox} and asks for more only while
 * there is room, so that QUIC's own window closes on a reader that stops; a writer hands pieces over and waits while too many are on
 * their way.
 */
final class QuicStream extends ChannelInboundHandlerAdapter implements MuxedStream {

    private static final int RESET = 0; // libp2p gives resets no meaning
    private static final int PIECE_BYTES = 64 << 10;

    private final QuicSession session;
    private final Input input = new Input();
    private final Output output = new Output();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition readable = lock.newCondition();
    private final Condition writable = lock.newCondition();
    private final Inbox inbox;
    private @Nullable QuicStreamChannel channel;
    private boolean paused; // the event loop waits for the reader to make room
    private int unsent;
    private boolean endedHere;
    private boolean endedThere;
    private boolean closedHere; // nobody reads any more
    private boolean removed;
    private long closedSince;
    private @Nullable IOException failure;
    private @Nullable IOException writeFailure; // the peer takes no more, but may still send
    private long timeoutNanos;
    private long deadline; // nanoTime, 0 for none

    QuicStream(QuicSession session) {
        this.session = session;
        inbox = new Inbox(session.memory());
    }

    @Override
    public InputStream in() {
        return input;
    }

    @Override
    public OutputStream out() {
        return output;
    }

    @Override
    public void timeout(Duration limit) {
        lock.lock();
        try {
            timeoutNanos = limit.toNanos();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void deadlineIn(Duration limit) {
        lock.lock();
        try {
            deadline = limit.isPositive() ? System.nanoTime() + limit.toNanos() | 1 : 0;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void closeWrite() throws IOException {
        output.end();
    }

    @Override
    public void reset() {
        resetWith(new IOException("the stream was reset here"));
    }

    @Override
    public void close() {
        boolean there;
        boolean here;
        lock.lock();
        try {
            closedHere = true;
            there = endedThere || removed;
            here = endedHere;
            if (here || there) {
                inbox.free();
            }
            closedSince = System.nanoTime() | 1;
            if (deadline == 0) {
                deadline = System.nanoTime() + session.linger().toNanos() | 1;
            }
        } finally {
            lock.unlock();
        }
        if (!here && !there) {
            reset();
        } else if (!here) {
            try {
                closeWrite();
            } catch (IOException e) {
                reset();
            }
        } else if (!there) {
            demand(); // what still comes is dropped
        }
        settle();
    }

    // ---- on the event loop ----

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        lock.lock();
        try {
            channel = (QuicStreamChannel) context.channel();
            channel.config().setAutoRead(false).setReadFrames(true).setAllowHalfClosure(true);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var frame = (QuicStreamFrame) message;
        try {
            deliver(frame.content(), frame.hasFin());
        } finally {
            frame.release();
        }
    }

    private void deliver(ByteBuf bytes, boolean end) {
        boolean kept;
        lock.lock();
        try {
            kept = failure != null || closedHere || inbox.add(bytes);
            endedThere |= end;
            if (kept) {
                readable.signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (!kept) {
            session.hit(Event.MEMORY_EXCEEDED);
            resetWith(new IOException("more came on the stream than there is memory for"));
        } else if (end) {
            settle();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        boolean more;
        lock.lock();
        try {
            more = closedHere || inbox.held() < session.limits().unread();
            paused = !more;
        } finally {
            lock.unlock();
        }
        if (more) {
            context.read();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        var failure = cause instanceof QuicStreamResetException
                ? new IOException("the peer reset the stream")
                : new IOException("the stream broke: " + cause.getMessage(), cause);
        resetWith(failure);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(session.closedException());
    }

    // ---- ends ----

    /** Ends the stream; what came before can still be read if the peer had ended its half. */
    private void fail(IOException cause) {
        lock.lock();
        try {
            if (failure == null && !(endedHere && endedThere && unsent == 0)) {
                failure = cause;
            }
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        settle();
    }

    private void resetWith(IOException cause) {
        boolean tell;
        lock.lock();
        try {
            tell = failure == null && !removed;
            if (failure == null) {
                failure = cause;
            }
            closedHere = true;
            inbox.free();
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        var open = channel;
        if (tell && open != null) {
            open.eventLoop().execute(() -> {
                Future<?> _ = open.shutdown(RESET);
                Future<?> _ = open.close();
                StreamTable.forget(open);
            });
        }
        settle();
    }

    /** Ends a stream that waits for the peer's end in vain. */
    void tick(long now) {
        boolean expired;
        lock.lock();
        try {
            expired = closedHere
                    && !removed
                    && closedSince != 0
                    && now - closedSince > session.linger().toNanos();
        } finally {
            lock.unlock();
        }
        if (expired) {
            reset();
        }
    }

    /** Leaves the session's table when both sides are done. */
    private void settle() {
        boolean leave;
        lock.lock();
        try {
            boolean done = failure != null || endedHere && endedThere;
            leave = done && !removed;
            removed |= done;
        } finally {
            lock.unlock();
        }
        if (leave) {
            session.removed(this);
        }
    }

    // ---- called by the application ----

    private int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        boolean wanted;
        int n;
        lock.lock();
        try {
            long until = until();
            while (inbox.available() == 0) {
                if (endedThere && !closedHere) {
                    return -1;
                }
                if (failure != null) {
                    throw failed(failure);
                }
                if (closedHere) {
                    throw new IOException("the stream is closed");
                }
                await(readable, until, "nothing came on the stream");
            }
            n = inbox.read(to, offset, length);
            wanted = paused && inbox.held() <= session.limits().unread() / 2;
            paused &= !wanted;
        } catch (SocketTimeoutException e) {
            reset();
            throw e;
        } finally {
            lock.unlock();
        }
        if (wanted) {
            demand();
        }
        return n;
    }

    private void demand() {
        var open = channel;
        if (open != null) {
            open.read();
        }
    }

    /** Hands bytes to the event loop, and with the last ones the end if there is one. */
    private void write(byte[] bytes, int offset, int length, boolean end) throws IOException {
        var open = Objects.requireNonNull(channel);
        int at = offset;
        int left = length;
        do {
            int n = Math.min(left, PIECE_BYTES);
            boolean last = end && n == left;
            claim(n, last);
            var piece = open.alloc().directBuffer(Math.max(n, 1)).writeBytes(bytes, at, n);
            open.writeAndFlush(new DefaultQuicStreamFrame(piece, last)).addListener(f -> sent(n, f.cause()));
            at += n;
            left -= n;
        } while (left > 0);
        if (end) {
            settle();
        }
    }

    /** Waits for room among what is on its way. */
    private void claim(int bytes, boolean last) throws IOException {
        lock.lock();
        try {
            long until = until();
            while (true) {
                if (failure != null) {
                    throw failed(failure);
                }
                if (writeFailure != null) {
                    throw failed(writeFailure);
                }
                if (endedHere) {
                    throw new IOException("the stream was ended here");
                }
                if (unsent == 0 || unsent + bytes <= session.limits().unsent()) {
                    break;
                }
                await(writable, until, "the peer took nothing from the stream");
            }
            unsent += bytes;
            endedHere = last;
        } catch (SocketTimeoutException e) {
            reset();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private void sent(int bytes, @Nullable Throwable cause) {
        lock.lock();
        try {
            unsent -= bytes;
            if (cause instanceof ChannelOutputShutdownException) {
                writeFailure = new IOException("the peer reads no more of the stream");
            }
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        if (cause != null && !(cause instanceof ChannelOutputShutdownException)) {
            fail(session.isOver() ? session.closedException() : new IOException("the stream broke: " + cause, cause));
        }
    }

    private long until() {
        long byTimeout = timeoutNanos > 0 ? System.nanoTime() + timeoutNanos | 1 : 0;
        if (byTimeout == 0 || deadline == 0) {
            return byTimeout | deadline;
        }
        return byTimeout - deadline < 0 ? byTimeout : deadline;
    }

    private static void await(Condition condition, long until, String what) throws IOException {
        try {
            if (until == 0) {
                condition.await();
                return;
            }
            long left = until - System.nanoTime();
            if (left <= 0) {
                throw new SocketTimeoutException(what + " in time");
            }
            long _ = condition.awaitNanos(left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting on a stream");
        }
    }

    /** A new exception each time, so that its trace shows who met the failure. */
    private static IOException failed(IOException cause) {
        return new IOException(cause.getMessage(), cause);
    }

    private final class Input extends InputStream {

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return QuicStream.this.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return QuicStream.this.read(to, offset, length);
        }

        @Override
        public int available() {
            lock.lock();
            try {
                return inbox.available();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Collects small writes up to one piece. */
    private final class Output extends OutputStream {

        private static final int KEPT = 4096;
        private static final byte[] EMPTY = {};

        private byte[] buffer = EMPTY;
        private int count;

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, from.length);
            if (count + length <= PIECE_BYTES) {
                append(from, offset, length);
                return;
            }
            flush();
            int whole = length - length % PIECE_BYTES;
            if (whole > 0) {
                QuicStream.this.write(from, offset, whole, false);
            }
            append(from, offset + whole, length - whole);
        }

        private void append(byte[] from, int offset, int length) {
            if (buffer.length - count < length) {
                int capacity = Math.max(512, Math.max(count + length, 2 * buffer.length));
                buffer = Arrays.copyOf(buffer, Math.min(capacity, PIECE_BYTES));
            }
            System.arraycopy(from, offset, buffer, count, length);
            count += length;
        }

        @Override
        public void flush() throws IOException {
            if (count > 0) {
                send(false);
            }
        }

        void end() throws IOException {
            lock.lock();
            try {
                if (endedHere) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            send(true);
        }

        @Override
        public void close() throws IOException {
            end();
        }

        private void send(boolean end) throws IOException {
            int n = count;
            count = 0;
            QuicStream.this.write(buffer, 0, n, end);
            if (buffer.length > KEPT || end) {
                buffer = EMPTY;
            }
        }
    }
}
