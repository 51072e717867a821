package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A message on a topic, as it travels: from = 1, data = 2, seqno = 3, topic = 4, signature = 5, key = 6 (libp2p specs, pubsub). Immutable.
 * The arrays that it was made of are not copied: whoever made it leaves them alone.
 */
public final class Message {

    private static final byte[] SIGNATURE_PREFIX = "libp2p-pubsub:".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_PEER_ID_BYTES = 64;
    private static final int MAX_SIGNATURE_BYTES = 1024; // RSA of 8192 bits
    private static final int SEQNO_BYTES = 8;

    private final @Nullable PeerId from;
    private final byte @Nullable [] data;
    private final byte @Nullable [] seqno;
    private final String topic;
    private final byte @Nullable [] signature;
    private final byte @Nullable [] key;
    private final byte[] encoded;

    private Message(
            @Nullable PeerId from,
            byte @Nullable [] data,
            byte @Nullable [] seqno,
            String topic,
            byte @Nullable [] signature,
            byte @Nullable [] key) {
        this.from = from;
        this.data = data;
        this.seqno = seqno;
        this.topic = topic;
        this.signature = signature;
        this.key = key;
        var out = unsigned();
        if (signature != null) {
            out.bytes(5, signature);
        }
        if (key != null) {
            out.bytes(6, key);
        }
        encoded = out.toByteArray();
    }

    /** A message of ours with its signature. */
    static Message signed(String topic, byte[] data, long seqno, PeerId author, UnaryOperator<byte[]> signer) {
        var number = ByteBuffer.allocate(SEQNO_BYTES).putLong(seqno).array();
        var plain = new Message(author, data, number, topic, null, null);
        return new Message(author, data, number, topic, signer.apply(plain.signedBytes()), null);
    }

    static Message signed(String topic, byte[] data, long seqno, PrivateKey author) {
        return signed(topic, data, seqno, author.peerId(), author::sign);
    }

    static Message unsigned(String topic, byte[] data) {
        return new Message(null, data, null, topic, null, null);
    }

    /** One of any form, for tests of how others are treated. */
    static Message of(
            @Nullable PeerId from,
            byte @Nullable [] data,
            byte @Nullable [] seqno,
            String topic,
            byte @Nullable [] signature) {
        return new Message(from, data, seqno, topic, signature, null);
    }

    static Message decode(byte[] bytes, GossipLimits limits) throws DecodeException {
        PeerId from = null;
        byte[] data = null;
        byte[] seqno = null;
        String topic = null;
        byte[] signature = null;
        byte[] key = null;
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> from = PeerId.decode(reader.bytes(MAX_PEER_ID_BYTES));
                case 2 -> data = reader.bytes(limits.rpcBytes());
                case 3 -> seqno = reader.bytes(SEQNO_BYTES);
                case 4 -> topic = reader.text(limits.topicBytes());
                case 5 -> signature = reader.bytes(MAX_SIGNATURE_BYTES);
                case 6 -> key = reader.bytes(PublicKey.MAX_ENCODED_BYTES);
                default -> reader.skip();
            }
        }
        if (topic == null) {
            throw new DecodeException("gossip: expected a topic in each message, found none");
        }
        return new Message(from, data, seqno, topic, signature, key);
    }

    /** Who wrote it; there is none without signatures. */
    public Optional<PeerId> from() {
        return Optional.ofNullable(from);
    }

    @Nullable
    PeerId author() {
        return from;
    }

    boolean isBy(PeerId peer) {
        return from != null && from.equals(peer);
    }

    public String topic() {
        return topic;
    }

    public byte[] data() {
        return data == null ? new byte[0] : data.clone();
    }

    int dataBytes() {
        return data == null ? 0 : data.length;
    }

    /** The author's number for it, unsigned; 0 without signatures. */
    public long seqno() {
        return seqno == null || seqno.length != SEQNO_BYTES
                ? 0
                : ByteBuffer.wrap(seqno).getLong();
    }

    /** As it goes into an RPC. */
    byte[] encoded() {
        return encoded;
    }

    /** Whether it has just the fields that the policy wants; says nothing of the signature's worth. */
    boolean fits(SignaturePolicy policy) {
        return switch (policy) {
            case STRICT_SIGN -> from != null && seqno != null && seqno.length == SEQNO_BYTES && signature != null;
            case STRICT_NO_SIGN -> from == null && seqno == null && signature == null && key == null;
        };
    }

    /** The default id: author and number, or SHA-256 of the data where there is neither. */
    MessageId defaultId() {
        if (from == null || seqno == null) {
            return new MessageId(sha256(data()));
        }
        var author = from.bytes();
        var id = Arrays.copyOf(author, author.length + seqno.length);
        System.arraycopy(seqno, 0, id, author.length, seqno.length);
        return new MessageId(id);
    }

    /** The key that signs for {@link #from}: in the id itself, or beside the message where the id is only its hash. */
    PublicKey authorKey() throws DecodeException {
        if (from == null) {
            throw new DecodeException("gossip: expected an author, found none");
        }
        if (key != null) {
            var claimed = PublicKey.decode(key);
            if (!claimed.peerId().equals(from)) {
                throw new DecodeException(
                        "gossip: expected the key of " + from + ", found that of " + claimed.peerId());
            }
            return claimed;
        }
        return from.publicKey()
                .orElseThrow(
                        () -> new DecodeException("gossip: expected the author's key beside the message, found none"));
    }

    boolean verify(PublicKey authorKey) throws DecodeException {
        return signature != null && authorKey.verify(signedBytes(), signature);
    }

    /** Fields 1 to 4 with a prefix; neither signature nor key is part of it, as in go and js. */
    private byte[] signedBytes() {
        var fields = unsigned().toByteArray();
        var all = Arrays.copyOf(SIGNATURE_PREFIX, SIGNATURE_PREFIX.length + fields.length);
        System.arraycopy(fields, 0, all, SIGNATURE_PREFIX.length, fields.length);
        return all;
    }

    private ProtoWriter unsigned() {
        var out = new ProtoWriter();
        if (from != null) {
            out.bytes(1, from.bytes());
        }
        if (data != null) {
            out.bytes(2, data);
        }
        if (seqno != null) {
            out.bytes(3, seqno);
        }
        return out.text(4, topic);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The same bytes on the wire. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Message that && Arrays.equals(encoded, that.encoded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encoded);
    }

    @Override
    public String toString() {
        return "message of " + dataBytes() + " bytes on " + topic + " from " + (from == null ? "nobody" : from);
    }
}
