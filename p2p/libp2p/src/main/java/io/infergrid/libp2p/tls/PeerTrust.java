package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.ProtocolViolation;
import java.io.IOException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts the one certificate in which an identity vouches for the connection's key, whoever's identity it is, or only the expected
 * one's. Thread-safe; what it refuses is the cause of the {@link CertificateException}.
 */
public final class PeerTrust extends X509ExtendedTrustManager {

    private final InstantSource clock;
    private final @Nullable PeerId expected;

    /**
     * @param expected the peer that has to be there, null if any may
     */
    public PeerTrust(InstantSource clock, @Nullable PeerId expected) {
        this.clock = clock;
        this.expected = expected;
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        try {
            if (chain.length != 1) {
                throw new ProtocolViolation(
                        Event.NOT_AUTHENTIC, "tls: expected one certificate, found " + chain.length);
            }
            var remote = PeerCertificate.verify(chain[0].getEncoded(), clock.instant())
                    .peerId();
            if (expected != null && !expected.equals(remote)) {
                throw new ProtocolViolation(Event.WRONG_PEER, "dialled peer " + expected + ", found " + remote);
            }
        } catch (IOException e) {
            throw new CertificateException(e.getMessage(), e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
