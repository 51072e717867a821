package io.infergrid.libp2p.autonat;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;

/** What is said on {@code /libp2p/autonat/2/dial-back}: the nonce, which proves that the dial came from who was asked, and an OK. */
record DialBack(long nonce) {

    static final String PROTOCOL = "/libp2p/autonat/2/dial-back";
    static final int MAX_BYTES = 64;

    private static final byte[] OK = new ProtoWriter().varint(1, 0).toByteArray();

    byte[] encode() {
        return new ProtoWriter().fixed64(1, nonce).toByteArray();
    }

    static DialBack decode(byte[] message) throws DecodeException {
        long nonce = 0;
        boolean found = false;
        var in = new ProtoReader(message);
        while (in.next()) {
            if (in.field() == 1) {
                nonce = in.fixed64();
                found = true;
            } else {
                in.skip();
            }
        }
        if (!found) {
            throw new DecodeException("autonat: expected a nonce, found none");
        }
        return new DialBack(nonce);
    }

    static byte[] ok() {
        return OK.clone();
    }

    /** Checks an answer to be {@link #ok}; its only field has 0 for OK and may be left out. */
    static void expectOk(byte[] message) throws DecodeException {
        var in = new ProtoReader(message);
        while (in.next()) {
            if (in.field() != 1) {
                in.skip();
                continue;
            }
            long status = in.varint();
            if (status != 0) {
                throw new DecodeException("autonat: expected status 0 to the nonce, found " + status);
            }
        }
    }
}
