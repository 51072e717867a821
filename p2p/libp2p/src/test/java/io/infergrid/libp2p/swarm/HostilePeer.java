package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Limits;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.multistream.MultistreamSelect;
import io.infergrid.libp2p.noise.NoiseIdentity;
import io.infergrid.libp2p.noise.NoiseSecurity;
import io.infergrid.libp2p.transport.MemoryBudget;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.SecuredChannel;
import io.infergrid.libp2p.transport.TcpTransport;
import io.infergrid.libp2p.yamux.YamuxSession;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/** A peer that passes the handshake and then writes Yamux frames by hand. */
final class HostilePeer implements AutoCloseable {

    static final int DATA = 0;
    static final int WINDOW_UPDATE = 1;
    static final int PING = 2;
    static final int GO_AWAY = 3;
    static final int SYN = 1;
    static final int ACK = 2;
    static final int FIN = 4;
    static final int RST = 8;
    static final int WINDOW = 256 * 1024;

    private static final int HEADER = 12;

    private final PrivateKey identity;
    private final RawConnection raw;
    private final SecuredChannel channel;
    private boolean hungUp;

    HostilePeer(Host host) throws IOException {
        this(host, PrivateKey.generate());
    }

    HostilePeer(Host host, PrivateKey identity) throws IOException {
        this.identity = identity;
        raw = connect(host.addresses().getFirst());
        var noise = new NoiseSecurity(new NoiseIdentity(identity, List.of(YamuxSession.PROTOCOL)));
        channel = new Upgrader(List.of(noise), Limits.DEFAULT, new MemoryBudget(1 << 20), null)
                .secureOutbound(raw, host.peerId())
                .channel();
    }

    static RawConnection connect(Multiaddr address) throws IOException {
        return TcpTransport.dial(TcpTransport.resolve(address).getFirst(), Duration.ofSeconds(5));
    }

    PeerId peerId() {
        return identity.peerId();
    }

    RawConnection raw() {
        return raw;
    }

    /** A frame as it says it is, followed by as many bytes as given, whatever its length says. */
    record Frame(int version, int type, int flags, int stream, int length) {}

    void send(int type, int flags, int stream, int length, byte[] body) {
        send(new Frame(0, type, flags, stream, length), body);
    }

    /**
     * Sends a frame, or as much of it as the host takes: a host may see what is wrong with the first bytes and hang up while the
     * rest is being written. Then {@link #hungUp} holds, and whoever waits for a frame of the host gets an {@link IOException}.
     */
    void send(Frame frame, byte[] body) {
        try {
            write(frame, body);
        } catch (IOException e) {
            hungUp = true;
        }
    }

    /** Whether the host closed the connection while this peer was writing. */
    boolean hungUp() {
        return hungUp;
    }

    private void write(Frame frame, byte[] body) throws IOException {
        var header = ByteBuffer.allocate(HEADER)
                .put((byte) frame.version())
                .put((byte) frame.type())
                .putShort((short) frame.flags())
                .putInt(frame.stream())
                .putInt(frame.length())
                .flip();
        int first = Math.min(body.length, SecuredChannel.MAX_WRITE_BYTES - HEADER);
        channel.write(header, ByteBuffer.wrap(body, 0, first));
        for (int at = first; at < body.length; ) {
            int n = Math.min(body.length - at, SecuredChannel.MAX_WRITE_BYTES);
            channel.write(ByteBuffer.wrap(body, at, n));
            at += n;
        }
    }

    /** Sends data in a frame that is right. */
    void data(int flags, int stream, byte[] body) {
        send(DATA, flags, stream, body.length, body);
    }

    /** Opens a stream and asks for a protocol on it. */
    void open(int stream, String protocol) {
        data(SYN, stream, MultistreamSelect.proposal(protocol));
    }

    /** Reads the next frame of the host and drops its data. */
    Frame next() throws IOException {
        var header = ByteBuffer.allocate(HEADER);
        while (header.hasRemaining()) {
            header.put(bytes().get());
        }
        header.flip();
        var frame = new Frame(header.get(), header.get(), header.getShort(), header.getInt(), header.getInt());
        if (frame.type() == DATA) {
            for (int left = frame.length(); left > 0; ) {
                var bytes = bytes();
                int n = Math.min(left, bytes.remaining());
                bytes.position(bytes.position() + n);
                left -= n;
            }
        }
        return frame;
    }

    private ByteBuffer bytes() throws IOException {
        var bytes = channel.read();
        if (bytes == null) {
            throw new EOFException("the host closed the connection");
        }
        return bytes;
    }

    /** Reads frames until the host resets that stream. */
    void awaitReset(int stream) throws IOException {
        Frame frame;
        do {
            frame = next();
        } while (frame.stream() != stream || (frame.flags() & RST) == 0);
    }

    /** Reads frames until the host closes the connection; how it ends is all the same. */
    void awaitEnd() {
        try {
            while (true) {
                next();
            }
        } catch (IOException e) {
            close();
        }
    }

    @Override
    public void close() {
        channel.close();
    }
}
