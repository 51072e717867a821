package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.WireInput;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;

/** A stream to a relay as the wire of a connection to a peer behind it; secured end to end, so that the relay only sees noise. */
final class RelayedConnection implements RawConnection {

    private final Stream stream;
    private final Multiaddr remote;
    private final WireInput in;
    private final OutputStream out;
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * @param remote of the relay, with {@code /p2p-circuit} at its end
     */
    RelayedConnection(Stream stream, Multiaddr remote) {
        this.stream = stream;
        this.remote = remote;
        in = new WireInput(stream.in());
        out = new FilterOutputStream(stream.out()) {
            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                out.write(from, offset, length);
                out.flush(); // a stream buffers where a socket does not
            }
        };
    }

    @Override
    public WireInput in() {
        return in;
    }

    @Override
    public OutputStream out() {
        return out;
    }

    @Override
    public Multiaddr remoteAddress() {
        return remote;
    }

    @Override
    public void closeOutput() throws IOException {
        stream.closeWrite();
    }

    @Override
    public void close() {
        stream.reset();
        closed.countDown();
    }

    /** Waits until the connection is over. */
    void awaitClose() throws InterruptedException {
        closed.await();
    }
}
