package io.infergrid.grid.net;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.Stream;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** One end of a stream inside this process: what a node that is gateway and worker at once talks to itself through. */
public final class LoopbackStream implements Stream {

    private static final int BUFFER_BYTES = 256 * 1024;

    private final PeerId remote;
    private final String protocol;
    private final BytePipe incoming;
    private final BytePipe outgoing;
    private final InputStream in;
    private final OutputStream out;

    private LoopbackStream(PeerId remote, String protocol, BytePipe incoming, BytePipe outgoing) {
        this.remote = remote;
        this.protocol = protocol;
        this.incoming = incoming;
        this.outgoing = outgoing;
        in = incoming.in();
        out = outgoing.out();
    }

    /** Both ends of one stream. */
    public record Pair(LoopbackStream opened, LoopbackStream accepted) {}

    /**
     * @param opener who the accepting end sees
     * @param acceptor who the opening end sees
     */
    public static Pair pair(PeerId opener, PeerId acceptor, String protocol) {
        var there = new BytePipe(BUFFER_BYTES);
        var back = new BytePipe(BUFFER_BYTES);
        return new Pair(
                new LoopbackStream(acceptor, protocol, back, there), new LoopbackStream(opener, protocol, there, back));
    }

    @Override
    public PeerId remote() {
        return remote;
    }

    @Override
    public String protocol() {
        return protocol;
    }

    @Override
    public InputStream in() {
        return in;
    }

    @Override
    public OutputStream out() {
        return out;
    }

    @Override
    public void timeout(Duration limit) {
        incoming.readLimit(limit);
        outgoing.writeLimit(limit);
    }

    @Override
    public void closeWrite() {
        outgoing.end();
    }

    @Override
    public void reset() {
        incoming.breakOff();
        outgoing.breakOff();
    }

    /** Ends the writing half; what the other side still writes is dropped. */
    @Override
    public void close() {
        outgoing.end();
        incoming.breakOff();
    }
}
