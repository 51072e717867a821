package io.infergrid.libp2p.pubsub;

import java.util.Arrays;
import java.util.HexFormat;

/** What tells messages apart, as all peers of a topic compute it: by default author and number, or a hash of unsigned ones. */
public final class MessageId {

    private final byte[] bytes;
    private final int hash;

    public MessageId(byte[] bytes) {
        this.bytes = bytes.clone();
        hash = Arrays.hashCode(bytes);
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    /** The bytes themselves, for those who write them out. */
    byte[] raw() {
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MessageId that && hash == that.hash && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
