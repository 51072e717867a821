package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import io.infergrid.libp2p.codec.ProtoWriter;
import io.infergrid.libp2p.identity.KeyType;
import io.infergrid.libp2p.identity.PublicKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A stranger's certificate (RFC 5280 with the rules of the libp2p specs, tls). The forms that are read are those that libp2p's
 * implementations write: version 3, a key of P-256, Ed25519 or RSA that signed the certificate itself, and the libp2p extension.
 */
public final class PeerCertificate {

    /** An RSA identity of 8192 bits within a certificate of an RSA key of 8192 bits takes less. */
    public static final int MAX_BYTES = 8192;

    private static final Oid ED25519 = Oid.of("1.3.101.112");
    private static final Oid SHA256_WITH_RSA = Oid.of("1.2.840.113549.1.1.11");
    private static final int CONTEXT_0 = 0xa0;
    private static final int CONTEXT_3 = 0xa3;
    private static final int ISSUER_UNIQUE_ID = 0x81;
    private static final int SUBJECT_UNIQUE_ID = 0x82;
    private static final int MAX_EXTENSIONS = 16;

    private final byte[] signedPart;
    private final byte[] algorithm;
    private final byte[] signature;
    private final byte[] keyInfo;
    private final Instant notBefore;
    private final Instant notAfter;
    private final SignedKey vouching;

    private PeerCertificate(byte[] der) throws DecodeException {
        if (der.length > MAX_BYTES) {
            throw new DecodeException("certificate: expected at most " + MAX_BYTES + " bytes, found " + der.length);
        }
        var outer = new DerReader(der);
        var whole = outer.sequence();
        outer.expectEnd();
        signedPart = whole.element();
        algorithm = whole.element();
        signature = whole.bits(MAX_BYTES);
        whole.expectEnd();

        var part = new DerReader(signedPart).sequence();
        var version = part.enter(CONTEXT_0).unsigned(8).intValue();
        if (version != 2) {
            throw new DecodeException("certificate: expected version 3, found " + (version + 1));
        }
        part.content(DerReader.INTEGER, 64); // the serial number says nothing here
        if (!Arrays.equals(part.element(), algorithm)) {
            throw new DecodeException("certificate: expected one signature algorithm, found two");
        }
        part.element(); // issuer
        var validity = part.sequence();
        notBefore = time(validity);
        notAfter = time(validity);
        validity.expectEnd();
        part.element(); // subject
        keyInfo = part.element();
        if (part.tag() == ISSUER_UNIQUE_ID || part.tag() == SUBJECT_UNIQUE_ID) {
            throw new DecodeException("certificate: expected no unique ids, found one");
        }
        vouching = part.hasMore() ? extension(part.enter(CONTEXT_3).sequence()) : missing();
        part.expectEnd();
    }

    /**
     * The identity that the certificate proves to be at the other end.
     *
     * @throws DecodeException if the bytes are no certificate
     * @throws ProtocolViolation if it is not valid now, is not signed by its own key, or no identity vouches for that key
     */
    public static PublicKey verify(byte[] der, Instant now) throws IOException {
        var certificate = new PeerCertificate(der);
        if (now.isBefore(certificate.notBefore) || now.isAfter(certificate.notAfter)) {
            throw new ProtocolViolation(
                    Event.NOT_AUTHENTIC,
                    "certificate: expected one that is valid at " + now + ", found from " + certificate.notBefore
                            + " to " + certificate.notAfter);
        }
        if (!certificate.isSelfSigned()) {
            throw new ProtocolViolation(
                    Event.NOT_AUTHENTIC, "certificate: expected its own key's signature, found another");
        }
        if (!certificate.vouching.vouchesFor(certificate.keyInfo)) {
            throw new ProtocolViolation(
                    Event.NOT_AUTHENTIC, "certificate: its key is not signed by the identity that claims it");
        }
        return certificate.vouching.identity();
    }

    /** Reads a certificate without a look at what it proves. */
    static PeerCertificate read(byte[] der) throws DecodeException {
        return new PeerCertificate(der);
    }

    /** The {@code SubjectPublicKeyInfo} of the certificate's own key. */
    byte[] keyInfo() {
        return keyInfo;
    }

    /** The JDK's name for the kind of the certificate's key, which is one of those that are read here. */
    String keyAlgorithm() throws DecodeException {
        var key = certificateKey();
        if (key == null) {
            throw new DecodeException("certificate: expected ECDSA or RSA with SHA-256, or Ed25519, found another");
        }
        return switch (key.type()) {
            case ECDSA -> "EC";
            case RSA -> "RSA";
            case ED25519, SECP256K1 -> "Ed25519";
        };
    }

    /** The identity in a certificate that {@link #verify} has passed. */
    public static PublicKey identity(byte[] der) throws DecodeException {
        return new PeerCertificate(der).vouching.identity();
    }

    private static SignedKey extension(DerReader extensions) throws DecodeException {
        SignedKey found = null;
        for (int i = 0; extensions.hasMore(); i++) {
            if (i == MAX_EXTENSIONS) {
                throw new DecodeException("certificate: expected at most 16 extensions, found more");
            }
            var extension = extensions.sequence();
            var oid = extension.oid();
            boolean critical = extension.tag() == DerReader.BOOLEAN
                    && !Arrays.equals(extension.content(DerReader.BOOLEAN, 1), new byte[] {0});
            var value = extension.content(DerReader.OCTET_STRING, MAX_BYTES);
            extension.expectEnd();
            if (!oid.equals(SignedKey.EXTENSION)) {
                if (critical) {
                    throw new DecodeException(
                            "certificate: expected no other critical extension than libp2p's, found " + oid);
                }
            } else if (found != null) {
                throw new DecodeException("certificate: expected one libp2p extension, found two");
            } else {
                found = SignedKey.decode(value);
            }
        }
        return found != null ? found : missing();
    }

    private static SignedKey missing() throws DecodeException {
        throw new DecodeException("certificate: expected the libp2p extension, found none");
    }

    private boolean isSelfSigned() throws DecodeException {
        var key = certificateKey();
        return key != null && key.verify(signedPart, signature);
    }

    /** The certificate's key as an identity of the same kind, whose verification has the same bounds; null if the algorithm differs. */
    private @Nullable PublicKey certificateKey() throws DecodeException {
        var used = new DerReader(algorithm).sequence().oid();
        var info = new DerReader(keyInfo).sequence();
        var kind = info.sequence().oid();
        if (used.equals(OwnCertificate.ECDSA_WITH_SHA256)) {
            return key(KeyType.ECDSA, keyInfo);
        }
        if (used.equals(SHA256_WITH_RSA)) {
            return key(KeyType.RSA, keyInfo);
        }
        if (used.equals(ED25519) && kind.equals(ED25519)) {
            return key(KeyType.ED25519, info.bits(32));
        }
        return null;
    }

    private static PublicKey key(KeyType type, byte[] data) throws DecodeException {
        return PublicKey.decode(
                new ProtoWriter().varint(1, type.ordinal()).bytes(2, data).toByteArray());
    }

    private static Instant time(DerReader from) throws DecodeException {
        boolean shortForm = from.tag() == DerReader.UTC_TIME;
        var content = from.content(shortForm ? DerReader.UTC_TIME : DerReader.GENERALIZED_TIME, 15);
        var text = new String(content, StandardCharsets.US_ASCII);
        if (!text.matches(shortForm ? "[0-9]{12}Z" : "[0-9]{14}Z")) {
            throw new DecodeException("certificate: expected a time in UTC to the second, found another form");
        }
        int at = shortForm ? 2 : 4;
        int year = Integer.parseInt(text.substring(0, at));
        if (shortForm) {
            year += year < 50 ? 2000 : 1900;
        }
        try {
            return LocalDateTime.of(
                            year,
                            two(text, at),
                            two(text, at + 2),
                            two(text, at + 4),
                            two(text, at + 6),
                            two(text, at + 8))
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw new DecodeException("certificate: expected a time, found " + text);
        }
    }

    private static int two(String text, int at) {
        return Integer.parseInt(text.substring(at, at + 2));
    }
}
