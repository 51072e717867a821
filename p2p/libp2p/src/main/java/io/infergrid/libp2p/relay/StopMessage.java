package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;

/** What a relay and the peer behind it say to each other on {@code /libp2p/circuit/relay/0.2.0/stop}. */
sealed interface StopMessage {

    String PROTOCOL = "/libp2p/circuit/relay/0.2.0/stop";
    int MAX_BYTES = 4096;

    /** A peer wants to be joined to us. */
    record Connect(PeerRef peer, CircuitLimit limit) implements StopMessage {}

    record Answer(RelayStatus status) implements StopMessage {}

    default byte[] encode() {
        var out = new ProtoWriter();
        switch (this) {
            case Connect(var peer, var limit) -> {
                out.varint(1, 0).bytes(2, peer.encode());
                if (!limit.isNone()) {
                    out.bytes(3, limit.encode());
                }
            }
            case Answer(var status) -> out.varint(1, 1).varint(4, status.code());
        }
        return out.toByteArray();
    }

    static StopMessage decode(byte[] message) throws DecodeException {
        long type = -1;
        PeerRef peer = null;
        var limit = CircuitLimit.NONE;
        long status = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = in.varint();
                case 2 -> peer = PeerRef.decode(in.bytes(MAX_BYTES));
                case 3 -> limit = CircuitLimit.decode(in.bytes(MAX_BYTES));
                case 4 -> status = in.varint();
                default -> in.skip();
            }
        }
        if (type == 0 && peer != null) {
            return new Connect(peer, limit);
        }
        if (type == 1) {
            return new Answer(RelayStatus.of(status));
        }
        throw new DecodeException(
                "stop: expected to connect to a peer, or a status, found type " + type + " without them");
    }
}
