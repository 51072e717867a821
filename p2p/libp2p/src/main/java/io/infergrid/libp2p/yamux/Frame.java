package io.infergrid.libp2p.yamux;

import java.nio.ByteBuffer;

/** The twelve bytes before each frame: version, type, flags, stream id, length (Yamux specification). */
final class Frame {

    static final int HEADER_BYTES = 12;

    static final int DATA = 0;
    static final int WINDOW_UPDATE = 1;
    static final int PING = 2;
    static final int GO_AWAY = 3;

    static final int SYN = 1;
    static final int ACK = 2;
    static final int FIN = 4;
    static final int RST = 8;

    static final int NORMAL = 0;
    static final int PROTOCOL_ERROR = 1;

    private Frame() {}

    static ByteBuffer header(int type, int flags, int stream, int length) {
        return put(ByteBuffer.allocate(HEADER_BYTES), type, flags, stream, length)
                .flip();
    }

    static ByteBuffer put(ByteBuffer to, int type, int flags, int stream, int length) {
        return to.put((byte) 0)
                .put((byte) type)
                .putShort((short) flags)
                .putInt(stream)
                .putInt(length);
    }
}
