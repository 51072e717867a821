package io.infergrid.libp2p.swarm;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.codec.Uvarint;
import io.infergrid.libp2p.identity.PublicKey;
import io.infergrid.libp2p.record.PeerRecord;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The message of {@code /ipfs/id/1.0.0} and {@code /ipfs/id/push/1.0.0} (libp2p specs, identify): publicKey = 1, listenAddrs = 2,
 * protocols = 3, observedAddr = 4, protocolVersion = 5, agentVersion = 6, signedPeerRecord = 8. A peer may send several, which add up.
 */
final class Identify {

    static final String PROTOCOL = "/ipfs/id/1.0.0";
    static final String PUSH = "/ipfs/id/push/1.0.0";
    static final String VERSION = "ipfs/0.1.0";
    static final int MAX_INBOUND = 16;

    private static final int MAX_MESSAGE = 8192;
    private static final int MAX_MESSAGES = 10;
    private static final int MAX_ADDRESSES = 32;
    private static final int MAX_PROTOCOLS = 1000;
    private static final int MAX_TEXT = 1024;

    private final Set<Multiaddr> addresses = new LinkedHashSet<>();
    private final Set<String> protocols = new LinkedHashSet<>();
    private String protocolVersion = "";
    private String agent = "";
    private @Nullable Multiaddr observed;
    private @Nullable SignedEnvelope signedRecord;

    private Identify() {}

    /** The message with its length before it. */
    static byte[] encode(PublicKey key, PeerInfo info) {
        var message = new ProtoWriter().bytes(1, key.encode());
        info.addresses().stream().limit(MAX_ADDRESSES).forEach(a -> message.bytes(2, a.bytes()));
        info.protocols().forEach(p -> message.text(3, p));
        info.observed().ifPresent(a -> message.bytes(4, a.bytes()));
        message.text(5, info.protocolVersion()).text(6, info.agent());
        info.signedRecord().ifPresent(r -> message.bytes(8, r.encode()));
        var bytes = message.toByteArray();
        var out = new ByteArrayOutputStream(bytes.length + Uvarint.MAX_BYTES);
        Uvarint.write(out, bytes.length);
        out.writeBytes(bytes);
        return out.toByteArray();
    }

    /** Reads messages to the end of the stream, at most ten. */
    static PeerInfo read(InputStream in, PeerId remote) throws IOException {
        var found = new Identify();
        for (int i = 0; i < MAX_MESSAGES; i++) {
            var length = lengthOrEnd(in, i > 0);
            if (length.isEmpty()) {
                break;
            }
            var bytes = in.readNBytes(length.get());
            if (bytes.length < length.get()) {
                throw new EOFException("identify: expected " + length.get() + " bytes, found " + bytes.length);
            }
            found.merge(bytes, remote);
        }
        return found.info();
    }

    private static Optional<Integer> lengthOrEnd(InputStream in, boolean mayEnd) throws IOException {
        try {
            return Optional.of(Uvarint.readLength(in, MAX_MESSAGE, "identify"));
        } catch (EOFException e) {
            if (mayEnd) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void merge(byte[] message, PeerId remote) throws IOException {
        var reader = new ProtoReader(message);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> checkKey(reader.bytes(PublicKey.MAX_ENCODED_BYTES), remote);
                case 2 -> address(reader.bytes(MAX_TEXT), addresses);
                case 3 -> protocol(reader.text(MAX_TEXT));
                case 4 -> observed = first(reader.bytes(MAX_TEXT)).orElse(observed);
                case 5 -> protocolVersion = reader.text(MAX_TEXT);
                case 6 -> agent = reader.text(MAX_TEXT);
                case 8 -> signedRecord = record(reader.bytes(MAX_MESSAGE), remote);
                default -> reader.skip();
            }
        }
    }

    private static void checkKey(byte[] key, PeerId remote) throws DecodeException {
        var claimed = PublicKey.decode(key).peerId();
        if (!claimed.equals(remote)) {
            throw new DecodeException("identify: expected the key of " + remote + ", found that of " + claimed);
        }
    }

    private static SignedEnvelope record(byte[] bytes, PeerId remote) throws IOException {
        var envelope = SignedEnvelope.decode(bytes);
        var record = PeerRecord.open(envelope);
        if (!record.peer().equals(remote)) {
            throw new DecodeException(
                    "identify: expected the record of " + remote + ", found that of " + record.peer());
        }
        return envelope;
    }

    private void protocol(String name) throws DecodeException {
        if (protocols.size() >= MAX_PROTOCOLS) {
            throw new DecodeException("identify: expected at most " + MAX_PROTOCOLS + " protocols, found more");
        }
        protocols.add(name);
    }

    private static void address(byte[] bytes, Set<Multiaddr> to) {
        if (to.size() < MAX_ADDRESSES) {
            first(bytes).ifPresent(to::add);
        }
    }

    /** An address of a kind that is unknown here is no error: peers may speak transports that we do not. */
    private static Optional<Multiaddr> first(byte[] bytes) {
        try {
            return Optional.of(Multiaddr.decode(bytes));
        } catch (DecodeException e) {
            return Optional.empty();
        }
    }

    private PeerInfo info() {
        return new PeerInfo(
                protocolVersion,
                agent,
                List.copyOf(protocols),
                List.copyOf(new ArrayList<>(addresses)),
                Optional.ofNullable(observed),
                Optional.ofNullable(signedRecord));
    }
}
