package io.infergrid.libp2p.transport;

import io.infergrid.libp2p.Multiaddr;
import java.io.Closeable;

/** What a transport gives: bytes that still have to be secured and shared, or a session that is both already. */
public sealed interface Link extends Closeable permits RawConnection, SecuredSession {

    /** The other end, without its {@code /p2p}; for a relayed one {@code <address of the relay>/p2p/<relay>/p2p-circuit}. */
    Multiaddr remoteAddress();

    /** Whether a third peer carries the bytes and may cut them short, so that only few protocols should use it. */
    default boolean relayed() {
        return remoteAddress().isRelayed();
    }

    /** Ends both ways at once and wakes every thread that waits here; never throws. */
    @Override
    void close();
}
