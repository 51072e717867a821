package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.identity.PublicKey;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/** {@code /pk/<multihash of the peer id>}: public keys, for ids that do not contain theirs. The value is the key's protobuf. */
public final class PublicKeyRecords implements RecordNamespace {

    private static final byte[] PREFIX = "/pk/".getBytes(StandardCharsets.US_ASCII);

    /** The key that a peer's public key is kept under. */
    public static byte[] key(PeerId peer) {
        var id = peer.bytes();
        var key = Arrays.copyOf(PREFIX, PREFIX.length + id.length);
        System.arraycopy(id, 0, key, PREFIX.length, id.length);
        return key;
    }

    @Override
    public String name() {
        return "pk";
    }

    @Override
    public Verdict check(byte[] key, byte[] value, Instant now) {
        try {
            return Arrays.equals(key, key(PublicKey.decode(value).peerId())) ? Verdict.ACCEPT : Verdict.REJECT;
        } catch (DecodeException e) {
            return Verdict.REJECT;
        }
    }

    /** All valid ones are the same. */
    @Override
    public boolean prefers(byte[] key, byte[] candidate, byte[] current) {
        return false;
    }
}
