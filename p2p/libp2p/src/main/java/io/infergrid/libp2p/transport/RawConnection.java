package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;

/** A two-way stream of bytes to a host at an address, as a transport gives it: neither secured nor shared. */
public interface RawConnection extends Closeable {

    WireInput in();

    OutputStream out();

    /** The other end, without {@code /p2p}. */
    Multiaddr remoteAddress();

    /** Says that no more will come, where the transport can. */
    void closeOutput() throws IOException;

    /** Ends both ways at once and wakes every thread that waits here. */
    @Override
    void close();
}
