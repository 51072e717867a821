package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import io.infergrid.libp2p.codec.DerWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.identity.PublicKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The libp2p extension of a certificate: the identity and its signature over the certificate's key, which is what proves that the
 * identity's owner speaks on this connection.
 */
record SignedKey(PublicKey identity, byte[] signature) {

    static final Oid EXTENSION = Oid.of("1.3.6.1.4.1.53594.1.1");

    private static final byte[] DOMAIN = "libp2p-tls-handshake:".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_SIGNATURE = 1024;

    /**
     * @param keyInfo the certificate's {@code SubjectPublicKeyInfo}
     */
    static SignedKey sign(PrivateKey identity, byte[] keyInfo) {
        return new SignedKey(identity.publicKey(), identity.sign(signed(keyInfo)));
    }

    boolean vouchesFor(byte[] keyInfo) throws DecodeException {
        return identity.verify(signed(keyInfo), signature);
    }

    static SignedKey decode(byte[] der) throws DecodeException {
        var outer = new DerReader(der);
        var parts = outer.sequence();
        outer.expectEnd();
        var key = parts.content(DerReader.OCTET_STRING, PublicKey.MAX_ENCODED_BYTES);
        var signature = parts.content(DerReader.OCTET_STRING, MAX_SIGNATURE);
        parts.expectEnd();
        return new SignedKey(PublicKey.decode(key), signature);
    }

    byte[] encode() {
        return new DerWriter()
                .sequence(w -> w.octets(identity.encode()).octets(signature))
                .toByteArray();
    }

    private static byte[] signed(byte[] keyInfo) {
        var bytes = Arrays.copyOf(DOMAIN, DOMAIN.length + keyInfo.length);
        System.arraycopy(keyInfo, 0, bytes, DOMAIN.length, keyInfo.length);
        return bytes;
    }
}
