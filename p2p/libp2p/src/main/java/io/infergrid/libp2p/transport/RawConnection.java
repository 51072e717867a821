package io.infergrid.libp2p.transport;

import java.io.IOException;
import java.io.OutputStream;

/** A two-way stream of bytes to a host at an address, as a transport gives it: neither secured nor shared. */
public non-sealed interface RawConnection extends Link {

    WireInput in();

    OutputStream out();

    /** Says that no more will come, where the transport can. */
    void closeOutput() throws IOException;
}
