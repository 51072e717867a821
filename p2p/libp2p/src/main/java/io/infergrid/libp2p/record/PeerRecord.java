package io.infergrid.libp2p.record;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a peer says that it can be reached (libp2p RFC 0003): peer id = 1, sequence number = 2, addresses = 3, each a message with the
 * multiaddr = 1. Travels in a {@link SignedEnvelope}.
 *
 * @param sequence grows with every change; the record with the highest one counts
 * @param addresses at most 32, without {@code /p2p}; those of kinds unknown here are left out when a record is read
 */
public record PeerRecord(PeerId peer, long sequence, List<Multiaddr> addresses) {

    static final String DOMAIN = "libp2p-peer-record";
    static final int MAX_ADDRESSES = 32;
    private static final byte[] TYPE = {3, 1};
    private static final int MAX_PEER_BYTES = 128;
    private static final int MAX_INFO_BYTES = Multiaddr.MAX_BYTES + 8;

    public PeerRecord {
        addresses = List.copyOf(addresses);
    }

    /** The record of the key's owner, signed. */
    public static SignedEnvelope seal(PrivateKey key, long sequence, List<Multiaddr> addresses) {
        var kept = addresses.stream()
                .map(Multiaddr::withoutPeer)
                .distinct()
                .limit(MAX_ADDRESSES)
                .toList();
        return SignedEnvelope.seal(key, DOMAIN, TYPE, new PeerRecord(key.peerId(), sequence, kept).encode());
    }

    /**
     * What an envelope says, after its signature was checked.
     *
     * @throws DecodeException if it holds no record, or that of another peer than its signer
     * @throws io.infergrid.libp2p.ProtocolViolation if the signature does not fit
     */
    public static PeerRecord open(SignedEnvelope envelope) throws IOException {
        var record = decode(envelope.open(DOMAIN, TYPE));
        if (!record.peer.equals(envelope.signer())) {
            throw new DecodeException(
                    "peer record: expected one of its signer " + envelope.signer() + ", found one of " + record.peer);
        }
        return record;
    }

    byte[] encode() {
        var message = new ProtoWriter().bytes(1, peer.bytes()).varint(2, sequence);
        for (var address : addresses) {
            message.bytes(3, new ProtoWriter().bytes(1, address.bytes()).toByteArray());
        }
        return message.toByteArray();
    }

    static PeerRecord decode(byte[] bytes) throws DecodeException {
        @Nullable PeerId peer = null;
        long sequence = 0;
        var addresses = new LinkedHashSet<Multiaddr>();
        var reader = new ProtoReader(bytes);
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> peer = PeerId.decode(reader.bytes(MAX_PEER_BYTES));
                case 2 -> sequence = reader.varint();
                case 3 -> {
                    var info = reader.bytes(MAX_INFO_BYTES);
                    if (addresses.size() < MAX_ADDRESSES) {
                        address(info).map(Multiaddr::withoutPeer).ifPresent(addresses::add);
                    }
                }
                default -> reader.skip();
            }
        }
        if (peer == null) {
            throw new DecodeException("peer record: expected a peer id, found none");
        }
        return new PeerRecord(peer, sequence, new ArrayList<>(addresses));
    }

    private static Optional<Multiaddr> address(byte[] info) throws DecodeException {
        var reader = new ProtoReader(info);
        byte @Nullable [] address = null;
        while (reader.next()) {
            if (reader.field() == 1) {
                address = reader.bytes(Multiaddr.MAX_BYTES);
            } else {
                reader.skip();
            }
        }
        try {
            return address == null ? Optional.empty() : Optional.of(Multiaddr.decode(address));
        } catch (DecodeException e) {
            return Optional.empty(); // peers may speak transports that we do not
        }
    }
}
