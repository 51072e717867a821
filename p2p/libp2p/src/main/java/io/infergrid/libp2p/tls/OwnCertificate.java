package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import io.infergrid.libp2p.codec.DerWriter;
import io.infergrid.libp2p.identity.PrivateKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.UnaryOperator;

/**
 * What a node shows in its TLS handshakes: a self-signed certificate of a P-256 key made for it, in which the identity vouches for that
 * key. Made once for as long as the node runs, since signing anew for each stranger would hand out our time.
 *
 * @param key of the certificate; has nothing to do with the identity's
 */
public record OwnCertificate(java.security.PrivateKey key, X509Certificate certificate) {

    static final Oid ECDSA_WITH_SHA256 = Oid.of("1.2.840.10045.4.3.2");

    private static final Oid ORGANIZATION = Oid.of("2.5.4.10");
    private static final int PRINTABLE_STRING = 0x13;
    private static final int VERSION_3 = 2;
    private static final int CONTEXT_0 = 0xa0;
    private static final int CONTEXT_3 = 0xa3;
    private static final Duration EARLIER = Duration.ofDays(1); // for clocks that differ
    private static final Duration LIFE = Duration.ofDays(36_500);

    public static OwnCertificate create(PrivateKey identity, Instant now) throws IOException {
        return create(identity, now.minus(EARLIER), now.plus(LIFE), UnaryOperator.identity());
    }

    /** A certificate with extensions as a test wants them; they are given those that an honest node has. */
    static OwnCertificate create(
            PrivateKey identity, Instant notBefore, Instant notAfter, UnaryOperator<DerWriter> moreExtensions)
            throws IOException {
        try {
            var keys = generate();
            var extension =
                    SignedKey.sign(identity, keys.getPublic().getEncoded()).encode();
            var extensions = new DerWriter()
                    .sequence(w -> {
                        var _ = moreExtensions.apply(
                                w.sequence(e -> e.oid(SignedKey.EXTENSION).octets(extension)));
                    })
                    .toByteArray();
            return new OwnCertificate(keys.getPrivate(), certificate(keys, notBefore, notAfter, extensions));
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java platform cannot make a P-256 certificate: " + e.getMessage(), e);
        }
    }

    private static KeyPair generate() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    static X509Certificate certificate(KeyPair keys, Instant notBefore, Instant notAfter, byte[] extensions)
            throws GeneralSecurityException {
        var serial = new BigInteger(126, new SecureRandom()).setBit(0);
        var algorithm = new DerWriter().sequence(w -> w.oid(ECDSA_WITH_SHA256)).toByteArray();
        var name = new DerWriter()
                .sequence(w -> w.enter(
                        0x31,
                        set -> set.sequence(a -> a.oid(ORGANIZATION)
                                .value(PRINTABLE_STRING, "libp2p.io".getBytes(StandardCharsets.US_ASCII)))))
                .toByteArray();
        var signed = new DerWriter()
                .sequence(w -> w.enter(CONTEXT_0, v -> v.integer(BigInteger.valueOf(VERSION_3)))
                        .integer(serial)
                        .raw(algorithm)
                        .raw(name)
                        .sequence(v -> time(time(v, notBefore), notAfter))
                        .raw(name)
                        .raw(keys.getPublic().getEncoded())
                        .enter(CONTEXT_3, e -> e.raw(extensions)))
                .toByteArray();
        var signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(keys.getPrivate());
        signer.update(signed);
        var signature = signer.sign();
        var whole = new DerWriter()
                .sequence(w -> w.raw(signed).raw(algorithm).bits(signature))
                .toByteArray();
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(whole));
    }

    /** Years from 2050 on take the long form (RFC 5280, 4.1.2.5). */
    private static DerWriter time(DerWriter to, Instant at) {
        var utc = at.atOffset(ZoneOffset.UTC);
        boolean shortForm = utc.getYear() >= 1950 && utc.getYear() < 2050;
        var pattern = shortForm ? "yyMMddHHmmss'Z'" : "yyyyMMddHHmmss'Z'";
        var text = DateTimeFormatter.ofPattern(pattern, java.util.Locale.ROOT).format(utc);
        return to.value(
                shortForm ? DerReader.UTC_TIME : DerReader.GENERALIZED_TIME, text.getBytes(StandardCharsets.US_ASCII));
    }
}
