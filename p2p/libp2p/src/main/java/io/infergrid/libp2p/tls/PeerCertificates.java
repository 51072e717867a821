package io.infergrid.libp2p.tls;

import java.io.IOException;
import java.io.InputStream;
import java.security.NoSuchProviderException;
import java.security.Provider;
import java.security.Security;
import java.security.cert.CRL;
import java.security.cert.CRLException;
import java.security.cert.CertPath;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateFactorySpi;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

/**
 * Reads certificates in our handshakes. The JDK's engine reads those that come in with the platform's default certificate factory and
 * offers no other way; that factory refuses an empty issuer, which js-libp2p writes, and is a large parser to show to strangers. So
 * this provider comes first for that one service: inside {@link #reading} it reads by itself, everywhere else in the program it hands
 * on to the factory that was the default before.
 */
final class PeerCertificates {

    private static final String NAME = "InferGrid-libp2p";
    private static final String KIND = "X.509";
    private static final ScopedValue<Boolean> OURS = ScopedValue.newInstance();
    private static volatile boolean installed;

    private PeerCertificates() {}

    /** Runs a step of a handshake of ours. */
    static void reading(Runnable step) {
        ScopedValue.where(OURS, Boolean.TRUE).run(step);
    }

    /** Puts the provider in its place, once. */
    static synchronized void install() throws CertificateException {
        if (!installed) {
            var usual = CertificateFactory.getInstance(KIND).getProvider().getName();
            Security.insertProviderAt(new First(usual), 1);
            installed = true;
        }
    }

    private static final class First extends Provider {

        First(String usual) {
            super(NAME, "1", "certificates of libp2p peers");
            putService(new Service(this, "CertificateFactory", KIND, Reader.class.getName(), List.of(), null) {
                @Override
                public Object newInstance(Object parameter) {
                    return new Reader(usual);
                }
            });
        }
    }

    private static final class Reader extends CertificateFactorySpi {

        private final String usual;

        Reader(String usual) {
            this.usual = usual;
        }

        private CertificateFactory factory() throws CertificateException {
            try {
                return CertificateFactory.getInstance(KIND, usual);
            } catch (NoSuchProviderException e) {
                throw new CertificateException(e.getMessage(), e);
            }
        }

        @Override
        public Certificate engineGenerateCertificate(InputStream in) throws CertificateException {
            if (!OURS.isBound()) {
                return factory().generateCertificate(in);
            }
            try {
                return new PeerX509(in.readNBytes(PeerCertificate.MAX_BYTES + 1));
            } catch (IOException e) {
                throw new CertificateException(e.getMessage(), e);
            }
        }

        @Override
        public Collection<? extends Certificate> engineGenerateCertificates(InputStream in)
                throws CertificateException {
            return factory().generateCertificates(in);
        }

        @Override
        public CRL engineGenerateCRL(InputStream in) throws CRLException {
            try {
                return factory().generateCRL(in);
            } catch (CertificateException e) {
                throw new CRLException(e.getMessage(), e);
            }
        }

        @Override
        public Collection<? extends CRL> engineGenerateCRLs(InputStream in) throws CRLException {
            try {
                return factory().generateCRLs(in);
            } catch (CertificateException e) {
                throw new CRLException(e.getMessage(), e);
            }
        }

        @Override
        public CertPath engineGenerateCertPath(InputStream in) throws CertificateException {
            return factory().generateCertPath(in);
        }

        @Override
        public CertPath engineGenerateCertPath(InputStream in, String encoding) throws CertificateException {
            return factory().generateCertPath(in, encoding);
        }

        @Override
        public CertPath engineGenerateCertPath(List<? extends Certificate> certificates) throws CertificateException {
            return factory().generateCertPath(certificates);
        }

        @Override
        public Iterator<String> engineGetCertPathEncodings() {
            try {
                return factory().getCertPathEncodings();
            } catch (CertificateException e) {
                return List.<String>of().iterator();
            }
        }
    }
}
