package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A slot at a relay, as its message has it.
 *
 * @param expires when it ends unless it is renewed
 * @param addresses where the relay can be reached
 * @param voucher the relay's signed word for it ({@link Voucher}), empty if it gave none
 */
record Reservation(Instant expires, List<Multiaddr> addresses, byte[] voucher) {

    private static final int MAX_ADDRESSES = 32;
    static final long MAX_SECOND = 253_402_300_799L; // the end of the year 9999

    byte[] encode() {
        var out = new ProtoWriter().varint(1, expires.getEpochSecond());
        addresses.stream().limit(MAX_ADDRESSES).forEach(a -> out.bytes(2, a.bytes()));
        if (voucher.length > 0) {
            out.bytes(3, voucher);
        }
        return out.toByteArray();
    }

    static Reservation decode(byte[] message) throws DecodeException {
        long expires = 0;
        var addresses = new ArrayList<Multiaddr>();
        var voucher = new byte[0];
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> expires = in.varint();
                case 2 -> PeerRef.address(in.bytes(Multiaddr.MAX_BYTES), addresses, MAX_ADDRESSES);
                case 3 -> voucher = in.bytes(HopMessage.MAX_BYTES);
                default -> in.skip();
            }
        }
        if (expires <= 0 || expires > MAX_SECOND) {
            throw new DecodeException("relay: expected an expiry in seconds since 1970, found " + expires);
        }
        return new Reservation(Instant.ofEpochSecond(expires), List.copyOf(addresses), voucher);
    }
}
