package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.Optional;

/** What a peer and a relay say to each other on {@code /libp2p/circuit/relay/0.2.0/hop}. */
sealed interface HopMessage {

    String PROTOCOL = "/libp2p/circuit/relay/0.2.0/hop";
    int MAX_BYTES = 4096;

    /** Asks for a slot. */
    record Reserve() implements HopMessage {}

    /** Asks to be joined to a peer that has a slot. */
    record Connect(PeerRef peer) implements HopMessage {}

    /** The answer to either. */
    record Answer(RelayStatus status, Optional<Reservation> reservation, CircuitLimit limit) implements HopMessage {

        static Answer of(RelayStatus status) {
            return new Answer(status, Optional.empty(), CircuitLimit.NONE);
        }
    }

    default byte[] encode() {
        var out = new ProtoWriter();
        switch (this) {
            case Reserve() -> out.varint(1, 0);
            case Connect(var peer) -> out.varint(1, 1).bytes(2, peer.encode());
            case Answer(var status, var reservation, var limit) -> {
                out.varint(1, 2);
                reservation.ifPresent(r -> out.bytes(3, r.encode()));
                if (!limit.isNone()) {
                    out.bytes(4, limit.encode());
                }
                out.varint(5, status.code());
            }
        }
        return out.toByteArray();
    }

    static HopMessage decode(byte[] message) throws DecodeException {
        long type = -1;
        PeerRef peer = null;
        Reservation reservation = null;
        var limit = CircuitLimit.NONE;
        long status = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = in.varint();
                case 2 -> peer = PeerRef.decode(in.bytes(MAX_BYTES));
                case 3 -> reservation = Reservation.decode(in.bytes(MAX_BYTES));
                case 4 -> limit = CircuitLimit.decode(in.bytes(MAX_BYTES));
                case 5 -> status = in.varint();
                default -> in.skip();
            }
        }
        if (type == 0) {
            return new Reserve();
        }
        if (type == 1 && peer != null) {
            return new Connect(peer);
        }
        if (type == 2) {
            return new Answer(RelayStatus.of(status), Optional.ofNullable(reservation), limit);
        }
        throw new DecodeException(
                "hop: expected to reserve, to connect to a peer, or a status, found type " + type + " without them");
    }
}
