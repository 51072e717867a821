package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * {@code /<namespace>/<peer id>/<name>}: what a peer says under a name of its own, signed by it, with a sequence number that grows and a
 * time after which it is void. The value: publicKey = 1, sequence = 2, expiry in seconds since 1970 = 3, payload = 4, signature = 5
 * over the text {@code infergrid-record:} and the key of the record, its length before it, followed by fields 2 to 4 as they are
 * written. The record with the greater sequence wins; of the same sequence the one whose bytes are greater, so that all choose alike.
 */
public final class SignedRecords implements RecordNamespace {

    /** The namespace of InferGrid's own records. */
    public static final String INFERGRID = "infergrid";

    private static final byte[] DOMAIN = "infergrid-record:".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_SIGNATURE = 1024;

    private final String name;

    public SignedRecords(String name) {
        this.name = name;
    }

    /**
     * What a record says.
     *
     * @param payload not to be changed
     */
    public record Statement(PublicKey signer, long sequence, Instant expiry, byte[] payload) {}

    /** The key of what {@code signer} says under {@code topic}. */
    public byte[] key(PeerId signer, String topic) {
        return ("/" + name + "/" + signer + "/" + topic).getBytes(StandardCharsets.UTF_8);
    }

    /** The value for {@code key}, signed. */
    public static byte[] sign(PrivateKey signer, byte[] key, long sequence, Instant expiry, byte[] payload) {
        return new ProtoWriter()
                .bytes(1, signer.publicKey().encode())
                .varint(2, sequence)
                .varint(3, expiry.getEpochSecond())
                .bytes(4, payload)
                .bytes(5, signer.sign(signed(key, sequence, expiry.getEpochSecond(), payload)))
                .toByteArray();
    }

    private static byte[] signed(byte[] key, long sequence, long expiry, byte[] payload) {
        var tail = new ProtoWriter()
                .bytes(1, key)
                .varint(2, sequence)
                .varint(3, expiry)
                .bytes(4, payload)
                .toByteArray();
        var all = Arrays.copyOf(DOMAIN, DOMAIN.length + tail.length);
        System.arraycopy(tail, 0, all, DOMAIN.length, tail.length);
        return all;
    }

    /**
     * Reads a value and checks that it is signed by the peer that the key names. Does not look at the expiry.
     *
     * @throws DecodeException if it is not
     */
    public Statement read(byte[] key, byte[] value) throws DecodeException {
        PublicKey signer = null;
        long sequence = 0;
        long expiry = 0;
        var payload = new byte[0];
        var signature = new byte[0];
        var reader = new ProtoReader(value);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> signer = PublicKey.decode(reader.bytes(PublicKey.MAX_ENCODED_BYTES));
                case 2 -> sequence = reader.varint();
                case 3 -> expiry = reader.varint();
                case 4 -> payload = reader.bytes(KadLimits.MAX_VALUE);
                case 5 -> signature = reader.bytes(MAX_SIGNATURE);
                default -> reader.skip();
            }
        }
        if (signer == null) {
            throw new DecodeException("signed record: expected a public key, found none");
        }
        var prefix = key(signer.peerId(), "");
        if (key.length <= prefix.length || !Arrays.equals(prefix, Arrays.copyOf(key, prefix.length))) {
            throw new DecodeException(
                    "signed record: expected the key of the peer it is filed under, found that of " + signer.peerId());
        }
        if (expiry > Instant.MAX.getEpochSecond()) {
            throw new DecodeException("signed record: expected an expiry within time, found " + expiry);
        }
        if (!signer.verify(signed(key, sequence, expiry, payload), signature)) {
            throw new DecodeException("signed record: expected a signature of " + signer.peerId() + ", found another");
        }
        return new Statement(signer, sequence, Instant.ofEpochSecond(expiry), payload);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Verdict check(byte[] key, byte[] value, Instant now) {
        try {
            return read(key, value).expiry().isAfter(now) ? Verdict.ACCEPT : Verdict.IGNORE;
        } catch (DecodeException e) {
            return Verdict.REJECT;
        }
    }

    @Override
    public boolean prefers(byte[] key, byte[] candidate, byte[] current) {
        try {
            long one = read(key, candidate).sequence();
            long other = read(key, current).sequence();
            return one != other ? one > other : Arrays.compareUnsigned(candidate, current) > 0;
        } catch (DecodeException e) {
            return false; // not accepted, as it should have been before
        }
    }
}
