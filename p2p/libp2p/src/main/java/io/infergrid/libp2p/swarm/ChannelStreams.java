package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.transport.SecuredChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A secured channel as a pair of streams, for agreeing on the multiplexer that takes it over. */
record ChannelStreams(InputStream in, OutputStream out) {

    static ChannelStreams of(SecuredChannel channel) {
        var in = new InputStream() {
            @Override
            public int read() throws IOException {
                var bytes = channel.read();
                return bytes == null ? -1 : bytes.get() & 0xff;
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
                if (length == 0) {
                    return 0;
                }
                var bytes = channel.read();
                if (bytes == null) {
                    return -1;
                }
                int n = Math.min(length, bytes.remaining());
                bytes.get(to, offset, n);
                return n;
            }
        };
        var out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                channel.write(ByteBuffer.wrap(from, offset, length));
            }
        };
        return new ChannelStreams(in, out);
    }
}
