package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A peer in a message; the addresses that may come with it are of no use here and dropped after they were counted. */
record PeerRef(PeerId id) {

    private static final int MAX_ID = 128;
    private static final int MAX_ADDRESSES = 32;

    byte[] encode() {
        return new ProtoWriter().bytes(1, id.bytes()).toByteArray();
    }

    static PeerRef decode(byte[] message) throws DecodeException {
        PeerId id = null;
        var addresses = new ArrayList<Multiaddr>();
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> id = PeerId.decode(in.bytes(MAX_ID));
                case 2 -> address(in.bytes(Multiaddr.MAX_BYTES), addresses, MAX_ADDRESSES);
                default -> in.skip();
            }
        }
        if (id == null) {
            throw new DecodeException("relay: expected a peer's id, found none");
        }
        return new PeerRef(id);
    }

    /** Adds an address if it is of a kind known here, for peers may speak transports that we do not. */
    static void address(byte[] bytes, List<Multiaddr> to, int max) throws DecodeException {
        if (to.size() >= max) {
            throw new DecodeException("relay: expected at most " + max + " addresses, found more");
        }
        known(bytes).ifPresent(to::add);
    }

    private static Optional<Multiaddr> known(byte[] bytes) {
        try {
            return Optional.of(Multiaddr.decode(bytes));
        } catch (DecodeException e) {
            return Optional.empty();
        }
    }
}
