package io.infergrid.libp2p.quic;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.tls.PeerTrust;
import java.io.IOException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The trust of all QUIC handshakes of a host, which share one TLS context: knows for each engine which peer it has to meet, and keeps
 * why it refused one, since the library passes on no more than that it did. Thread-safe.
 */
final class EngineTrust extends X509ExtendedTrustManager {

    private final InstantSource clock;
    private final Map<SSLEngine, PeerId> expected = new ConcurrentHashMap<>();
    private final Map<SSLEngine, IOException> refused = new ConcurrentHashMap<>();

    EngineTrust(InstantSource clock) {
        this.clock = clock;
    }

    void expect(SSLEngine engine, PeerId peer) {
        expected.put(engine, peer);
    }

    /** Why the engine's peer was refused, if it was; forgets the engine. */
    @Nullable
    IOException forget(@Nullable SSLEngine engine) {
        if (engine == null) {
            return null;
        }
        expected.remove(engine);
        return refused.remove(engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain, kind, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        check(chain, kind, engine);
    }

    private void check(X509Certificate[] chain, String kind, SSLEngine engine) throws CertificateException {
        try {
            new PeerTrust(clock, expected.get(engine)).checkServerTrusted(chain, kind);
        } catch (CertificateException e) {
            if (e.getCause() instanceof IOException cause) {
                refused.put(engine, cause);
            }
            throw e;
        }
    }

    private static CertificateException noEngine() {
        return new CertificateException("quic: expected a handshake of QUIC, found another");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        throw noEngine();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String kind) throws CertificateException {
        throw noEngine();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
