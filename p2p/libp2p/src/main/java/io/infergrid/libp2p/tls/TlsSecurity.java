package io.infergrid.libp2p.tls;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.transport.BufferPool;
import io.infergrid.libp2p.transport.RawConnection;
import io.infergrid.libp2p.transport.Security;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 for the connections of one host (libp2p specs, tls), by the JDK's engine. Both ends show a certificate; the multiplexer is
 * agreed on as the application protocol (ALPN), so that it costs no round trip.
 */
public final class TlsSecurity implements Security {

    public static final String PROTOCOL = "/tls/1.0.0";

    private static final String VERSION = "TLSv1.3";
    private static final String NO_MUXER = "libp2p"; // the multiplexer is left to multistream-select
    private static final int KEPT_BUFFERS = 64;

    private final KeyManager[] own;
    private final InstantSource clock;
    private final List<String> applicationProtocols = new ArrayList<>();
    private final BufferPool reading = new BufferPool(TlsChannel.READ_BYTES, KEPT_BUFFERS);
    private final BufferPool writing = new BufferPool(TlsChannel.WRITE_BYTES, KEPT_BUFFERS);

    /**
     * @param muxers what to offer inside the handshake, best first; none to leave the multiplexer to multistream-select
     */
    TlsSecurity(OwnCertificate certificate, List<String> muxers, InstantSource clock) {
        own = new KeyManager[] {new OwnKey(certificate)};
        this.clock = clock;
        applicationProtocols.addAll(muxers);
        applicationProtocols.add(NO_MUXER);
    }

    /** For {@code HostBuilder.security}. */
    public static TlsSecurity create(PrivateKey identity, @Nullable List<String> muxers) throws IOException {
        try {
            PeerCertificates.install();
        } catch (CertificateException e) {
            throw new IOException("this Java platform reads no certificates: " + e.getMessage(), e);
        }
        var clock = InstantSource.system();
        var certificate = OwnCertificate.create(identity, clock.instant());
        return new TlsSecurity(certificate, muxers == null ? List.of() : muxers, clock);
    }

    @Override
    public String protocol() {
        return PROTOCOL;
    }

    @Override
    public Handshake begin(RawConnection raw, boolean initiator, @Nullable PeerId expected) throws IOException {
        var channel = new TlsChannel(raw, engine(initiator, expected), reading, writing);
        return new Handshake() {
            @Override
            public byte[] firstMessage() throws IOException {
                return channel.firstMessage();
            }

            @Override
            public Secured finish() throws IOException {
                var remote = channel.handshake();
                var agreed = channel.applicationProtocol();
                return new Secured(channel, remote, agreed.isEmpty() || agreed.equals(NO_MUXER) ? null : agreed);
            }
        };
    }

    /** Each connection has a context of its own, so that no session of another one can be taken up without its certificate. */
    private SSLEngine engine(boolean client, @Nullable PeerId expected) throws IOException {
        SSLEngine engine;
        try {
            var context = SSLContext.getInstance(VERSION);
            context.init(own, new TrustManager[] {new PeerTrust(clock, expected)}, null);
            engine = context.createSSLEngine(); // without a host's name, which must not be sent
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java platform lacks TLS 1.3: " + e.getMessage(), e);
        }
        engine.setUseClientMode(client);
        var parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {VERSION});
        parameters.setApplicationProtocols(applicationProtocols.toArray(new String[0]));
        if (!client) {
            parameters.setNeedClientAuth(true);
        }
        engine.setSSLParameters(parameters);
        if (!client) {
            engine.setHandshakeApplicationProtocolSelector((_, offered) -> select(offered));
        }
        return engine;
    }

    /** The first that the dialler offers and we speak; null ends the handshake. */
    private @Nullable String select(List<String> offered) {
        return offered.stream()
                .filter(applicationProtocols::contains)
                .findFirst()
                .orElse(null);
    }
}
