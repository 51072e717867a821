package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.codec.Uvarint;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request or an answer of the DHT (libp2p specs, kad-dht): type = 1, key = 2, record = 3, closerPeers = 8, providerPeers = 9; of a
 * peer: id = 1, addrs = 2, connection = 3; of a record: key = 1, value = 2, timeReceived = 5.
 *
 * @param key of the peer, multihash or record that it is about; empty where the type needs none; not to be changed
 * @param record of PUT_VALUE and of the answer to GET_VALUE
 */
public record KadMessage(
        Type type, byte[] key, Optional<StoredValue> record, List<Contact> closer, List<Contact> providers) {

    /** In the order of their numbers. */
    public enum Type {
        PUT_VALUE,
        GET_VALUE,
        ADD_PROVIDER,
        GET_PROVIDERS,
        FIND_NODE,
        PING
    }

    /**
     * A record with the key that it says it is of. Not to be changed.
     *
     * @param key must be that of the message
     */
    public record StoredValue(byte[] key, byte[] value) {}

    /** The longest message that is taken. */
    public static final int MAX_BYTES = 64 * 1024;

    static final int MAX_KEY = 1024;
    /** Peers of one kind in a message; nobody honest sends more than k, 20. */
    static final int MAX_PEERS = 64;

    private static final int MAX_ID = 128;
    private static final int MAX_TIME = 64;

    public KadMessage {
        closer = List.copyOf(closer);
        providers = List.copyOf(providers);
    }

    static KadMessage of(Type type, byte[] key) {
        return new KadMessage(type, key, Optional.empty(), List.of(), List.of());
    }

    KadMessage withRecord(byte[] value) {
        return new KadMessage(type, key, Optional.of(new StoredValue(key, value)), closer, providers);
    }

    KadMessage withCloser(List<Contact> peers) {
        return new KadMessage(type, key, record, peers, providers);
    }

    KadMessage withProviders(List<Contact> peers) {
        return new KadMessage(type, key, record, closer, peers);
    }

    /** Reads one; a peer's addresses beyond the sixteenth and of kinds unknown here are left out. */
    public static KadMessage decode(byte[] message) throws DecodeException {
        if (message.length > MAX_BYTES) {
            throw new DecodeException("kad: expected at most " + MAX_BYTES + " bytes, found " + message.length);
        }
        var type = Type.PUT_VALUE; // a protobuf leaves out what is zero
        var key = new byte[0];
        StoredValue record = null;
        var closer = new ArrayList<Contact>();
        var providers = new ArrayList<Contact>();
        var reader = new ProtoReader(message);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> type = type(reader.varint());
                case 2 -> key = reader.bytes(MAX_KEY);
                case 3 -> record = record(reader.bytes(MAX_BYTES));
                case 8 -> add(closer, reader.bytes(MAX_BYTES));
                case 9 -> add(providers, reader.bytes(MAX_BYTES));
                default -> reader.skip();
            }
        }
        return new KadMessage(type, key, Optional.ofNullable(record), closer, providers);
    }

    private static Type type(long number) throws DecodeException {
        if (number < 0 || number >= Type.values().length) {
            throw new DecodeException("kad: expected a type from 0 to 5, found " + number);
        }
        return Type.values()[(int) number];
    }

    private static StoredValue record(byte[] bytes) throws DecodeException {
        var key = new byte[0];
        var value = new byte[0];
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> key = reader.bytes(MAX_KEY);
                case 2 -> value = reader.bytes(MAX_BYTES);
                case 5 -> reader.bytes(MAX_TIME); // when somebody else got it: nothing to go by
                default -> reader.skip();
            }
        }
        return new StoredValue(key, value);
    }

    private static void add(List<Contact> to, byte[] bytes) throws DecodeException {
        if (to.size() >= MAX_PEERS) {
            throw new DecodeException("kad: expected at most " + MAX_PEERS + " peers, found more");
        }
        to.add(peer(bytes));
    }

    private static Contact peer(byte[] bytes) throws DecodeException {
        PeerId id = null;
        var addresses = new ArrayList<Multiaddr>();
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> id = PeerId.decode(reader.bytes(MAX_ID));
                case 2 -> {
                    var address = address(reader);
                    if (address != null && addresses.size() < Contact.MAX_ADDRESSES) {
                        addresses.add(address);
                    }
                }
                default -> reader.skip();
            }
        }
        if (id == null) {
            throw new DecodeException("kad: expected a peer with an id, found one without");
        }
        return new Contact(id, addresses);
    }

    private static @Nullable Multiaddr address(ProtoReader reader) throws DecodeException {
        var bytes = reader.bytes(MAX_BYTES);
        try {
            return Multiaddr.decode(bytes).withoutPeer();
        } catch (DecodeException | IllegalArgumentException e) {
            return null; // a transport that is unknown here
        }
    }

    public byte[] encode() {
        var out = new ProtoWriter().varint(1, type.ordinal());
        if (key.length > 0) {
            out.bytes(2, key);
        }
        record.ifPresent(r -> out.bytes(
                3, new ProtoWriter().bytes(1, r.key()).bytes(2, r.value()).toByteArray()));
        closer.forEach(c -> out.bytes(8, encode(c)));
        providers.forEach(c -> out.bytes(9, encode(c)));
        return out.toByteArray();
    }

    private static byte[] encode(Contact contact) {
        var out = new ProtoWriter().bytes(1, contact.peer().bytes());
        contact.addresses().forEach(a -> out.bytes(2, a.bytes()));
        return out.toByteArray();
    }

    /** The message with its length before it. */
    byte[] frame() {
        var message = encode();
        var out = new ByteArrayOutputStream(message.length + 4);
        Uvarint.write(out, message.length);
        out.writeBytes(message);
        return out.toByteArray();
    }

    static KadMessage read(InputStream in) throws IOException {
        int length = Uvarint.readLength(in, MAX_BYTES, "kad");
        var bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("kad: expected " + length + " bytes, found " + bytes.length);
        }
        return decode(bytes);
    }

    /** Reads a message, or nothing if the stream ends before one. */
    static Optional<KadMessage> readOrEnd(InputStream in) throws IOException {
        var pushback = new java.io.PushbackInputStream(in, 1);
        int first = pushback.read();
        if (first < 0) {
            return Optional.empty();
        }
        pushback.unread(first);
        return Optional.of(read(pushback));
    }

    @Override
    public String toString() {
        return type + " with " + closer.size() + " closer peers and " + providers.size() + " providers";
    }
}
