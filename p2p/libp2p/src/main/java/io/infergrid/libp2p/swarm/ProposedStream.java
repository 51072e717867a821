package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.transport.MuxedStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/** A stream whose protocol was proposed and not answered yet; the first read takes the answer off what the peer sends. */
final class ProposedStream implements MuxedStream {

    private final MuxedStream stream;
    private final String protocol;
    private final Duration limit;
    private final Input input = new Input();

    /** Sends the proposal. */
    ProposedStream(MuxedStream stream, String protocol, Duration limit) throws IOException {
        this.stream = stream;
        this.protocol = protocol;
        this.limit = limit;
        stream.out().write(MultistreamSelect.proposal(protocol));
        stream.out().flush();
    }

    @Override
    public InputStream in() {
        return input;
    }

    @Override
    public OutputStream out() {
        return stream.out();
    }

    @Override
    public void timeout(Duration longest) {
        stream.timeout(longest);
    }

    @Override
    public void deadlineIn(Duration longest) {
        stream.deadlineIn(longest);
    }

    /** The end waits for the answer: js-libp2p loses it while it still agrees on the protocol. */
    @Override
    public void closeWrite() throws IOException {
        stream.out().flush();
        var _ = input.agreed();
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

    private final class Input extends InputStream {

        private final ReentrantLock answer = new ReentrantLock(); // the writer may wait for it too
        private volatile boolean agreed;

        private InputStream agreed() throws IOException {
            if (agreed) {
                return stream.in();
            }
            answer.lock();
            try {
                return answered();
            } finally {
                answer.unlock();
            }
        }

        private InputStream answered() throws IOException {
            if (!agreed) {
                try {
                    stream.deadlineIn(limit);
                    MultistreamSelect.expect(stream.in(), protocol);
                    stream.deadlineIn(Duration.ZERO);
                    agreed = true;
                } catch (IOException e) {
                    stream.reset();
                    throw e;
                }
            }
            return stream.in();
        }

        @Override
        public int read() throws IOException {
            return agreed().read();
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return agreed().read(to, offset, length);
        }

        @Override
        public int available() throws IOException {
            return agreed ? stream.in().available() : 0;
        }
    }
}
