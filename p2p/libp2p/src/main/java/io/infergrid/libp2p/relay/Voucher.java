package io.infergrid.libp2p.relay;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.PublicKey;
import io.infergrid.libp2p.record.SignedEnvelope;
import java.io.IOException;
import java.time.Instant;
import java.util.function.UnaryOperator;

/** A relay's signed word that a peer holds a slot at it: relay = 1, peer = 2, expiration = 3, in a signed envelope. */
record Voucher(PeerId relay, PeerId peer, Instant expires) {

    private static final String DOMAIN = "libp2p-relay-rsvp";
    private static final byte[] TYPE = {3, 2};
    private static final int MAX_ID = 128;

    byte[] seal(PublicKey signer, UnaryOperator<byte[]> sign) {
        var payload = new ProtoWriter()
                .bytes(1, relay.bytes())
                .bytes(2, peer.bytes())
                .varint(3, expires.getEpochSecond())
                .toByteArray();
        return SignedEnvelope.seal(signer, sign, DOMAIN, TYPE, payload).encode();
    }

    /**
     * Reads a voucher and checks that it is the relay's and about this peer.
     *
     * @throws DecodeException if it is about others
     * @throws io.infergrid.libp2p.ProtocolViolation if its signature does not fit
     */
    static Voucher open(byte[] envelope, PeerId relay, PeerId peer) throws IOException {
        var sealed = SignedEnvelope.decode(envelope);
        var voucher = decode(sealed.open(DOMAIN, TYPE));
        if (!sealed.signer().equals(relay) || !voucher.relay.equals(relay) || !voucher.peer.equals(peer)) {
            throw new DecodeException("voucher: expected one of " + relay + " for " + peer + ", found one of "
                    + voucher.relay + " for " + voucher.peer + " signed by " + sealed.signer());
        }
        return voucher;
    }

    static Voucher decode(byte[] payload) throws DecodeException {
        PeerId relay = null;
        PeerId peer = null;
        long expires = 0;
        var in = new ProtoReader(payload);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> relay = PeerId.decode(in.bytes(MAX_ID));
                case 2 -> peer = PeerId.decode(in.bytes(MAX_ID));
                case 3 -> expires = in.varint();
                default -> in.skip();
            }
        }
        if (relay == null || peer == null || expires <= 0 || expires > Reservation.MAX_SECOND) {
            throw new DecodeException("voucher: expected a relay, a peer and an expiry, found only part of it");
        }
        return new Voucher(relay, peer, Instant.ofEpochSecond(expires));
    }
}
