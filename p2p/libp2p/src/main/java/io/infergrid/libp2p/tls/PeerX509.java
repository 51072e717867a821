package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.codec.DecodeException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Principal;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Date;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A stranger's certificate as the JDK's engine handles it: its bytes and the key that signs the handshake. Whether it is to be
 * trusted is {@link PeerCertificate}'s to say, from the bytes; what else the JDK's type can be asked, nobody asks.
 */
final class PeerX509 extends X509Certificate {

    private final byte[] encoded;
    private final transient PublicKey key;

    PeerX509(byte[] encoded) throws CertificateException {
        this.encoded = encoded.clone();
        try {
            var parsed = PeerCertificate.read(encoded);
            key = KeyFactory.getInstance(parsed.keyAlgorithm())
                    .generatePublic(new X509EncodedKeySpec(parsed.keyInfo()));
        } catch (DecodeException e) {
            throw new CertificateException(e.getMessage(), e);
        } catch (GeneralSecurityException e) {
            throw new CertificateException(
                    e.getMessage(), new DecodeException("certificate: expected a key, found " + e.getMessage()));
        }
    }

    @Override
    public byte[] getEncoded() {
        return encoded.clone();
    }

    @Override
    public PublicKey getPublicKey() {
        return key;
    }

    @Override
    public int getVersion() {
        return 3;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PeerX509 that && Arrays.equals(encoded, that.encoded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encoded);
    }

    @Override
    public String toString() {
        return "certificate of a libp2p peer";
    }

    private static UnsupportedOperationException unasked() {
        return new UnsupportedOperationException("a peer's certificate says who it is and no more");
    }

    @Override
    public void verify(PublicKey by) {
        throw unasked();
    }

    @Override
    public void verify(PublicKey by, @Nullable String provider) {
        throw unasked();
    }

    @Override
    public void checkValidity() {
        throw unasked();
    }

    @Override
    public void checkValidity(Date at) {
        throw unasked();
    }

    @Override
    public BigInteger getSerialNumber() {
        throw unasked();
    }

    @Override
    @SuppressWarnings("deprecation")
    public Principal getIssuerDN() {
        throw unasked();
    }

    @Override
    @SuppressWarnings("deprecation")
    public Principal getSubjectDN() {
        throw unasked();
    }

    @Override
    public Date getNotBefore() {
        throw unasked();
    }

    @Override
    public Date getNotAfter() {
        throw unasked();
    }

    @Override
    public byte[] getTBSCertificate() {
        throw unasked();
    }

    @Override
    public byte[] getSignature() {
        throw unasked();
    }

    @Override
    public String getSigAlgName() {
        throw unasked();
    }

    @Override
    public String getSigAlgOID() {
        throw unasked();
    }

    @Override
    public byte[] getSigAlgParams() {
        throw unasked();
    }

    @Override
    public boolean[] getIssuerUniqueID() {
        throw unasked();
    }

    @Override
    public boolean[] getSubjectUniqueID() {
        throw unasked();
    }

    @Override
    public boolean[] getKeyUsage() {
        throw unasked();
    }

    @Override
    public int getBasicConstraints() {
        throw unasked();
    }

    @Override
    public boolean hasUnsupportedCriticalExtension() {
        throw unasked();
    }

    @Override
    public Set<String> getCriticalExtensionOIDs() {
        throw unasked();
    }

    @Override
    public Set<String> getNonCriticalExtensionOIDs() {
        throw unasked();
    }

    @Override
    public byte[] getExtensionValue(String oid) {
        throw unasked();
    }
}
