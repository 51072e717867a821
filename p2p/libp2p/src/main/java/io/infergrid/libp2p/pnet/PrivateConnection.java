package io.infergrid.libp2p.pnet;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.WireInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.Objects;
import org.bouncycastle.crypto.engines.XSalsa20Engine;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;

/**
 * A raw connection under XSalsa20: each side sends a nonce of 24 bytes and then the key stream of the key and its nonce over all that
 * it writes. It only hides; that nothing was changed is what the handshake above it finds.
 */
record PrivateConnection(RawConnection raw, WireInput in, OutputStream out) implements RawConnection {

    private static final int NONCE_BYTES = 24;
    private static final int BLOCK = 16 * 1024;

    static PrivateConnection begin(RawConnection raw, byte[] key) throws IOException {
        var ours = new byte[NONCE_BYTES];
        new SecureRandom().nextBytes(ours);
        raw.out().write(ours);
        raw.out().flush();
        var theirs = new byte[NONCE_BYTES];
        raw.in().readFully(theirs, 0, NONCE_BYTES);
        var in = new WireInput(new Decrypting(raw.in(), engine(key, theirs)));
        return new PrivateConnection(raw, in, new Encrypting(raw.out(), engine(key, ours)));
    }

    private static XSalsa20Engine engine(byte[] key, byte[] nonce) {
        var engine = new XSalsa20Engine();
        engine.init(true, new ParametersWithIV(new KeyParameter(key), nonce));
        return engine;
    }

    @Override
    public Multiaddr remoteAddress() {
        return raw.remoteAddress();
    }

    @Override
    public boolean relayed() {
        return raw.relayed();
    }

    @Override
    public void closeOutput() throws IOException {
        raw.closeOutput();
    }

    @Override
    public void close() {
        raw.close();
    }

    private static final class Decrypting extends InputStream {

        private final InputStream in;
        private final XSalsa20Engine engine;

        Decrypting(InputStream in, XSalsa20Engine engine) {
            this.in = in;
            this.engine = engine;
        }

        @Override
        public int read() throws IOException {
            int b = in.read();
            return b < 0 ? b : engine.returnByte((byte) b) & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            int n = in.read(to, offset, length);
            if (n > 0) {
                engine.processBytes(to, offset, n, to, offset);
            }
            return n;
        }
    }

    private static final class Encrypting extends OutputStream {

        private final OutputStream out;
        private final XSalsa20Engine engine;
        private byte[] block = {};

        Encrypting(OutputStream out, XSalsa20Engine engine) {
            this.out = out;
            this.engine = engine;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, from.length);
            if (block.length < Math.min(length, BLOCK)) {
                block = new byte[length <= 1024 ? 1024 : BLOCK];
            }
            for (int done = 0; done < length; ) {
                int n = Math.min(length - done, block.length);
                engine.processBytes(from, offset + done, n, block, 0);
                out.write(block, 0, n);
                done += n;
            }
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }
    }
}
