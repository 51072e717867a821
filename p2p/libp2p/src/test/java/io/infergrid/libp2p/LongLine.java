package io.infergrid.libp2p;

import io.infergrid.libp2p.transport.Link;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.Transport;
import io.infergrid.libp2p.transport.WireInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A long line with much bandwidth between two hosts of one process: every byte comes out a fixed time after it went in. Nothing but two
 * copies lies between, so that the line is not what is measured. Dialling takes a round trip, as TCP's handshake does.
 */
public final class LongLine implements Transport {

    /** Where the far host is found, for hosts that know this transport. */
    public static final Multiaddr ADDRESS = Multiaddr.parse("/ip4/127.0.0.1/udp/1");

    private static final int IN_FLIGHT_BYTES = 64 << 20;

    private final Host far;
    private final Duration roundTrip;

    public LongLine(Host far, Duration roundTrip) {
        this.far = far;
        this.roundTrip = roundTrip;
    }

    @Override
    public boolean dials(Multiaddr address) {
        return address.withoutPeer().equals(ADDRESS);
    }

    @Override
    public Link dial(Multiaddr address, PeerId expected, Duration limit) throws IOException {
        try {
            Thread.sleep(roundTrip);
        } catch (InterruptedException e) {
            throw new InterruptedIOException("dialling over the long line");
        }
        var there = new Direction(roundTrip.dividedBy(2));
        var back = new Direction(roundTrip.dividedBy(2));
        var arrival = far.acceptor().knock(ADDRESS).orElseThrow(() -> new IOException("the far host refused"));
        arrival.accept(new End(back, there));
        return new End(there, back);
    }

    @Override
    public Listening listen(Multiaddr address, Acceptor acceptor) throws IOException {
        throw new IOException("a long line only dials");
    }

    private static final class End implements RawConnection {

        private final Direction outgoing;
        private final Direction incoming;
        private final WireInput in;

        End(Direction outgoing, Direction incoming) {
            this.outgoing = outgoing;
            this.incoming = incoming;
            in = new WireInput(incoming.in());
        }

        @Override
        public WireInput in() {
            return in;
        }

        @Override
        public OutputStream out() {
            return outgoing.out();
        }

        @Override
        public Multiaddr remoteAddress() {
            return ADDRESS;
        }

        @Override
        public void closeOutput() {
            outgoing.end();
        }

        @Override
        public void close() {
            outgoing.end();
            incoming.end();
        }
    }

    /** Bytes on their way in one direction. */
    private static final class Direction {

        private record Piece(long end, long due) {}

        private final long delay;
        private final byte[] ring = new byte[IN_FLIGHT_BYTES];
        private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private long written;
        private long read;
        private boolean ended;

        Direction(Duration delay) {
            this.delay = delay.toNanos();
        }

        void end() {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        OutputStream out() {
            return new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    write(new byte[] {(byte) b}, 0, 1);
                }

                @Override
                public void write(byte[] from, int offset, int length) throws IOException {
                    put(from, offset, length);
                }
            };
        }

        InputStream in() {
            return new InputStream() {
                @Override
                public int read() throws IOException {
                    var one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
                }

                @Override
                public int read(byte[] to, int offset, int length) throws IOException {
                    return take(to, offset, length);
                }
            };
        }

        private void put(byte[] from, int offset, int length) throws IOException {
            int at;
            lock.lock();
            try {
                while (!ended && written + length - read > ring.length) {
                    changed.await();
                }
                if (ended) {
                    throw new IOException("the line is closed");
                }
                at = (int) (written % ring.length);
            } catch (InterruptedException e) {
                throw new InterruptedIOException("on the long line");
            } finally {
                lock.unlock();
            }
            int first = Math.min(length, ring.length - at); // one writer at a time: the channel sees to it
            System.arraycopy(from, offset, ring, at, first);
            System.arraycopy(from, offset + first, ring, 0, length - first);
            lock.lock();
            try {
                written += length;
                pieces.add(new Piece(written, System.nanoTime() + delay));
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private int take(byte[] to, int offset, int length) throws IOException {
            int n;
            int at;
            lock.lock();
            try {
                while (true) {
                    var next = pieces.peek();
                    long wait = next == null ? 0 : next.due - System.nanoTime();
                    if (next != null && wait <= 0) {
                        n = (int) Math.min(length, next.end - read);
                        break;
                    }
                    if (next == null && ended) {
                        return -1;
                    }
                    if (next == null) {
                        changed.await();
                    } else {
                        var _ = changed.awaitNanos(wait);
                    }
                }
                at = (int) (read % ring.length);
            } catch (InterruptedException e) {
                throw new InterruptedIOException("on the long line");
            } finally {
                lock.unlock();
            }
            int first = Math.min(n, ring.length - at);
            System.arraycopy(ring, at, to, offset, first);
            System.arraycopy(ring, 0, to, offset + first, n - first);
            lock.lock();
            try {
                read += n;
                if (read == pieces.element().end) {
                    pieces.remove();
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            return n;
        }
    }
}
