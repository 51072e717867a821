package io.infergrid.libp2p.yamux;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.transport.MuxedStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a session. One thread may read while another writes. The receive window is given back as the application reads, so a
 * reader that stops stops the sender; it doubles while half of it is consumed within four round trips.
 */
public final class YamuxStream implements MuxedStream {

    static final int INITIAL_WINDOW = 256 * 1024;

    private static final long MAX_SEND_WINDOW = 0xffffffffL;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final YamuxSession session;
    private final int id;
    private final boolean outbound;
    private final Input input = new Input();
    private final Output output = new Output();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition readable = lock.newCondition();
    private final Condition writable = lock.newCondition();
    private final Ring ring;
    private int firstFlags; // SYN or ACK until a thread takes them to send them
    private boolean announcing; // a thread is sending the SYN: nothing must overtake it
    private boolean unacknowledged;
    private int window = INITIAL_WINDOW;
    private long credit = INITIAL_WINDOW; // what the other side may still send
    private int consumed; // read here and not given back yet
    private int consumedOfWindow; // read since the window was last looked at
    private long windowLookedAt;
    private long sendWindow = INITIAL_WINDOW;
    private boolean endedHere;
    private boolean endedThere;
    private boolean closedHere; // nobody reads any more
    private boolean removed;
    private boolean freed;
    private boolean idle;
    private long closedSince;
    private @Nullable IOException failure;
    private long timeoutNanos;
    private long deadline; // nanoTime, 0 for none

    YamuxStream(YamuxSession session, int id, int firstFlags, Ring ring) {
        this.session = session;
        this.id = id;
        this.firstFlags = firstFlags;
        this.ring = ring;
        windowLookedAt = session.now();
        outbound = firstFlags == Frame.SYN;
        unacknowledged = outbound;
    }

    int id() {
        return id;
    }

    @Override
    public InputStream in() {
        return input;
    }

    /** Buffered up to one frame. */
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
                ring.free();
            }
            closedSince = session.now() | 1;
            if (deadline == 0) {
                deadline = System.nanoTime() + session.limits().linger().toNanos() | 1;
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
        }
        settle();
    }

    // ---- called by the reader thread ----

    /** Takes {@code length} off what the other side may send. */
    void spend(int length) throws ProtocolViolation {
        lock.lock();
        try {
            if (length > credit) {
                throw new ProtocolViolation(
                        Event.WINDOW_OVERRUN,
                        "yamux: expected at most " + credit + " bytes on the stream, found " + length);
            }
            if (endedThere && length > 0) {
                throw new ProtocolViolation(
                        Event.BAD_FRAME,
                        "yamux: expected nothing after the end of the stream, found " + length + " bytes");
            }
            credit -= length;
        } finally {
            lock.unlock();
        }
    }

    void deliver(byte[] from, int offset, int length) {
        lock.lock();
        try {
            if (failure != null || closedHere) {
                return;
            }
            idle = false;
            if (ring.write(from, offset, length)) {
                readable.signal();
                return;
            }
        } finally {
            lock.unlock();
        }
        session.hit(Event.MEMORY_EXCEEDED);
        resetWith(new IOException("more came on the stream than there is memory for"));
    }

    void widen(long delta) {
        boolean overflow;
        lock.lock();
        try {
            overflow = sendWindow + delta > MAX_SEND_WINDOW;
            if (!overflow) {
                sendWindow += delta;
                writable.signal();
            }
        } finally {
            lock.unlock();
        }
        if (overflow) {
            session.hit(Event.WINDOW_OVERFLOW);
            resetWith(new IOException("yamux: expected a window below 2^32, found a larger one"));
        }
    }

    void acknowledged() {
        boolean first;
        lock.lock();
        try {
            first = unacknowledged;
            unacknowledged = false;
        } finally {
            lock.unlock();
        }
        if (first) {
            session.acknowledged();
        }
    }

    void endedByPeer() {
        lock.lock();
        try {
            endedThere = true;
            readable.signalAll();
        } finally {
            lock.unlock();
        }
        settle();
    }

    void resetByPeer() {
        fail(new IOException("the peer reset the stream"));
    }

    /** Ends the stream; what came before can still be read if the peer had ended its half. */
    void fail(IOException cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
            }
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        settle();
    }

    /** Ends a stream that waits for the peer's end, and gives back the memory of one that is quiet. */
    void tick(long now, long lingerNanos) {
        boolean expired;
        lock.lock();
        try {
            expired = closedHere && !removed && closedSince != 0 && now - closedSince > lingerNanos;
            if (idle && ring.size() == 0 && ring.capacity() > 0) {
                ring.free();
            }
            idle = true;
        } finally {
            lock.unlock();
        }
        if (expired) {
            reset();
        }
    }

    private void resetWith(IOException cause) {
        boolean tell;
        lock.lock();
        try {
            tell = failure == null && !removed && (firstFlags & Frame.SYN) == 0 && !announcing;
            if (failure == null) {
                failure = cause;
            }
            closedHere = true;
            ring.free();
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        if (tell) {
            session.queue(Frame.header(Frame.WINDOW_UPDATE, Frame.RST, id, 0));
        }
        settle();
    }

    /** Leaves the session's table when both sides are done, and frees an inbound place when we are too. */
    private void settle() {
        boolean leave;
        boolean free;
        boolean acknowledge;
        int promised = 0;
        lock.lock();
        try {
            boolean done = failure != null || endedHere && endedThere;
            leave = done && !removed;
            removed |= done;
            free = removed && closedHere && !freed && !outbound;
            freed |= free;
            acknowledge = leave && unacknowledged;
            if (leave) {
                unacknowledged = false;
                promised = window - INITIAL_WINDOW; // grows no more
            }
        } finally {
            lock.unlock();
        }
        if (leave) {
            session.promises().release(promised);
            session.removed(this);
        }
        if (acknowledge) {
            session.acknowledged();
        }
        if (free) {
            session.freed();
        }
    }

    // ---- called by the application ----

    private int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        if (announce()) {
            sendFirst();
        }
        int n;
        int update = 0;
        lock.lock();
        try {
            long until = until();
            while (ring.size() == 0) {
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
            n = ring.read(to, offset, length);
            if (ring.size() == 0 && (endedThere || failure != null)) {
                ring.free();
            }
            consumed += n;
            if (consumed >= updateThreshold() && !endedThere && failure == null) {
                update = giveBack();
            }
        } catch (SocketTimeoutException e) {
            reset();
            throw e;
        } finally {
            lock.unlock();
        }
        if (update > 0) {
            sendUpdate(update);
        }
        return n;
    }

    private void sendUpdate(int delta) {
        try {
            session.send(Frame.header(Frame.WINDOW_UPDATE, 0, id, delta));
        } catch (IOException e) {
            // the connection is over, which the read after the last byte says; these bytes were read all the same
        }
    }

    /** Whether the other side does not know yet that this stream exists or is taken, and we are about to wait for it. */
    private boolean announce() {
        lock.lock();
        try {
            return firstFlags != 0 && ring.size() == 0 && failure == null && !endedThere;
        } finally {
            lock.unlock();
        }
    }

    private void sendFirst() throws IOException {
        int flags;
        lock.lock();
        try {
            flags = takeFirstFlags();
        } finally {
            lock.unlock();
        }
        if (flags != 0) {
            try {
                session.send(Frame.header(Frame.WINDOW_UPDATE, flags, id, 0));
            } finally {
                announced(flags);
            }
        }
    }

    private int takeFirstFlags() {
        int flags = firstFlags;
        firstFlags = 0;
        announcing = flags == Frame.SYN;
        return flags;
    }

    /** Sends the reset that came while the SYN was on its way. */
    private void announced(int flags) {
        if (flags != Frame.SYN) {
            return;
        }
        boolean reset;
        lock.lock();
        try {
            announcing = false;
            writable.signal();
            reset = failure != null;
        } finally {
            lock.unlock();
        }
        if (reset) {
            session.queue(Frame.header(Frame.WINDOW_UPDATE, Frame.RST, id, 0));
        }
    }

    /** Half of a small window, less of a large one: what is not given back yet is missing on a long line. */
    private int updateThreshold() {
        return Math.min(window / 2, Math.max(INITIAL_WINDOW / 2, window / 16));
    }

    /** What the next window update carries: what was read, and more if half a window went within four round trips. */
    private int giveBack() {
        int delta = consumed;
        consumedOfWindow += consumed;
        if (consumedOfWindow >= window / 2) {
            delta += growth();
            consumedOfWindow = 0;
        }
        credit += delta;
        consumed = 0;
        return delta;
    }

    private int growth() {
        long now = session.now();
        long since = now - windowLookedAt;
        windowLookedAt = now;
        long roundTrip = session.roundTripNanos();
        int more = Math.min(2 * window, session.limits().maxWindow()) - window;
        if (roundTrip == 0
                || since >= 4 * roundTrip
                || more <= 0
                || removed
                || !session.promises().reserve(more)) {
            return 0;
        }
        window += more;
        return more;
    }

    private void write(ByteBuffer first, byte[] bytes, int offset, int length, boolean end) throws IOException {
        int total = first.remaining() + length;
        int at = offset;
        do {
            int n;
            int flags;
            boolean last;
            lock.lock();
            try {
                n = Math.min(total, claim(total));
                last = end && n == total;
                endedHere |= last;
                flags = takeFirstFlags();
            } catch (SocketTimeoutException e) {
                reset();
                throw e;
            } finally {
                lock.unlock();
            }
            int fromFirst = Math.min(n, first.remaining());
            var head = first.slice(first.position(), fromFirst);
            first.position(first.position() + fromFirst);
            try {
                session.send(
                        before(flags, n),
                        head,
                        n > fromFirst ? ByteBuffer.wrap(bytes, at, n - fromFirst) : NOTHING,
                        last ? Frame.header(Frame.WINDOW_UPDATE, Frame.FIN, id, 0) : NOTHING);
            } finally {
                announced(flags);
            }
            at += n - fromFirst;
            total -= n;
        } while (total > 0);
        if (end) {
            settle();
        }
    }

    /** Waits for room in the send window and takes up to one frame of it. */
    private int claim(int wanted) throws IOException {
        long until = until();
        while (true) {
            if (failure != null) {
                throw failed(failure);
            }
            if (endedHere) {
                throw new IOException("the stream is closed for writing");
            }
            // while the reading thread sends the SYN, nothing may overtake it
            if (!announcing && (sendWindow > 0 || wanted == 0)) {
                int n = (int) Math.min(Math.min(wanted, sendWindow), YamuxSession.MAX_BODY);
                sendWindow -= n;
                return n;
            }
            await(writable, until, "the peer did not read from the stream");
        }
    }

    /** SYN or ACK on a frame of their own, which every implementation takes, then the header of the data. */
    private ByteBuffer before(int flags, int length) {
        var frames = ByteBuffer.allocate(2 * Frame.HEADER_BYTES);
        if (flags != 0) {
            Frame.put(frames, Frame.WINDOW_UPDATE, flags, id, 0);
        }
        if (length > 0) {
            Frame.put(frames, Frame.DATA, 0, id, length);
        }
        return frames.flip();
    }

    private long until() {
        long byTimeout = timeoutNanos > 0 ? System.nanoTime() + timeoutNanos | 1 : 0;
        if (byTimeout == 0 || deadline == 0) {
            return byTimeout | deadline;
        }
        return byTimeout - deadline < 0 ? byTimeout : deadline;
    }

    private void await(Condition condition, long until, String what) throws IOException {
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
            return YamuxStream.this.read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return YamuxStream.this.read(to, offset, length);
        }

        @Override
        public int available() {
            lock.lock();
            try {
                return ring.size();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Collects small writes; what does not fit goes out together with the collected bytes, without a copy of its own. */
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
            int together = count + length;
            int whole = together - together % YamuxSession.MAX_BODY;
            if (whole == 0) {
                append(from, offset, length);
                return;
            }
            int direct = whole - count;
            var collected = ByteBuffer.wrap(buffer, 0, count);
            count = 0;
            YamuxStream.this.write(collected, from, offset, direct, false);
            append(from, offset + direct, length - direct);
        }

        private void append(byte[] from, int offset, int length) {
            if (buffer.length - count < length) {
                int capacity = Math.max(512, Math.max(count + length, 2 * buffer.length));
                buffer = Arrays.copyOf(buffer, Math.min(capacity, YamuxSession.MAX_BODY));
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
            var collected = ByteBuffer.wrap(buffer, 0, count);
            count = 0;
            YamuxStream.this.write(collected, EMPTY, 0, 0, end);
            if (buffer.length > KEPT || end) {
                buffer = EMPTY;
            }
        }
    }
}
