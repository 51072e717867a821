package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.Multihash;
import java.nio.ByteBuffer;

/**
 * A point of the key space: the SHA-256 of a peer id, of a multihash or of a record's key, as four big-endian words. Distance is the
 * XOR of two keys, read as an unsigned number.
 */
public record KadKey(long a, long b, long c, long d) {

    public static final int BITS = 256;

    public static KadKey of(byte[] preimage) {
        var words = ByteBuffer.wrap(Multihash.sha256(preimage).digest());
        return new KadKey(words.getLong(), words.getLong(), words.getLong(), words.getLong());
    }

    public static KadKey of(PeerId peer) {
        return of(peer.bytes());
    }

    /** How many leading bits both have in common, 256 for the same key. */
    public int commonPrefix(KadKey other) {
        if (a != other.a) {
            return Long.numberOfLeadingZeros(a ^ other.a);
        }
        if (b != other.b) {
            return 64 + Long.numberOfLeadingZeros(b ^ other.b);
        }
        if (c != other.c) {
            return 128 + Long.numberOfLeadingZeros(c ^ other.c);
        }
        return 192 + Long.numberOfLeadingZeros(d ^ other.d);
    }

    /** Negative if {@code x} is nearer to this key than {@code y}, positive if farther, zero if they are the same key. */
    public int compareDistance(KadKey x, KadKey y) {
        int order = Long.compareUnsigned(a ^ x.a, a ^ y.a);
        if (order == 0) {
            order = Long.compareUnsigned(b ^ x.b, b ^ y.b);
        }
        if (order == 0) {
            order = Long.compareUnsigned(c ^ x.c, c ^ y.c);
        }
        return order == 0 ? Long.compareUnsigned(d ^ x.d, d ^ y.d) : order;
    }
}
