package io.infergrid.libp2p.holepunch;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.ArrayList;
import java.util.List;

/** What is said on {@code /libp2p/dcutr}: where each is seen, and the signal to dial. */
sealed interface HolePunchMessage {

    String PROTOCOL = "/libp2p/dcutr";
    int MAX_BYTES = 4096;
    int MAX_ADDRESSES = 16;

    int CONNECT = 100;
    int SYNC = 300;

    /** Addresses under which the sender may be reached, those of kinds unknown here left out. */
    record Connect(List<Multiaddr> addresses) implements HolePunchMessage {}

    record Sync() implements HolePunchMessage {}

    default byte[] encode() {
        return switch (this) {
            case Connect(var addresses) -> {
                var out = new ProtoWriter().varint(1, CONNECT);
                addresses.stream().limit(MAX_ADDRESSES).forEach(a -> out.bytes(2, a.bytes()));
                yield out.toByteArray();
            }
            case Sync() -> new ProtoWriter().varint(1, SYNC).toByteArray();
        };
    }

    static HolePunchMessage decode(byte[] message) throws DecodeException {
        long type = 0;
        int count = 0;
        var addresses = new ArrayList<Multiaddr>();
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> type = in.varint();
                case 2 -> {
                    if (++count > MAX_ADDRESSES) {
                        throw new DecodeException(
                                "dcutr: expected at most " + MAX_ADDRESSES + " addresses, found more");
                    }
                    addKnown(in.bytes(Multiaddr.MAX_BYTES), addresses);
                }
                default -> in.skip();
            }
        }
        return switch ((int) Math.min(type, Integer.MAX_VALUE)) {
            case CONNECT -> new Connect(List.copyOf(addresses));
            case SYNC -> new Sync();
            default -> throw new DecodeException("dcutr: expected CONNECT (100) or SYNC (300), found " + type);
        };
    }

    private static void addKnown(byte[] bytes, List<Multiaddr> to) {
        try {
            to.add(Multiaddr.decode(bytes));
        } catch (DecodeException e) {
            // a transport that we do not speak
        }
    }
}
