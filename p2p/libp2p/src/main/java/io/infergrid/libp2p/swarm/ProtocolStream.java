package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import io.infergrid.libp2p.transport.MuxedStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** A stream on which a protocol was agreed. */
record ProtocolStream(PeerId remote, String protocol, MuxedStream stream) implements Stream {

    @Override
    public InputStream in() {
        return stream.in();
    }

    @Override
    public OutputStream out() {
        return stream.out();
    }

    @Override
    public void timeout(Duration limit) {
        stream.timeout(limit);
    }

    @Override
    public void closeWrite() throws IOException {
        stream.closeWrite();
    }

    @Override
    public void reset() {
        stream.reset();
    }

    @Override
    public void close() {
        stream.close();
    }
}
