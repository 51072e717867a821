package io.infergrid.libp2p.noise;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import org.bouncycastle.math.ec.rfc7748.X25519;

/** A Diffie-Hellman key pair on Curve25519 (RFC 7748). */
final class X25519Pair {

    static final int BYTES = 32;

    private final byte[] secret;
    private final byte[] point;

    private X25519Pair(byte[] secret) {
        this.secret = secret;
        point = new byte[BYTES];
        X25519.generatePublicKey(secret, 0, point, 0);
    }

    static X25519Pair generate() {
        var secret = new byte[BYTES];
        X25519.generatePrivateKey(new SecureRandom(), secret);
        return new X25519Pair(secret);
    }

    static X25519Pair of(byte[] secret) {
        return new X25519Pair(secret.clone());
    }

    byte[] point() {
        return point.clone();
    }

    /** The shared secret with the owner of a point; points of small order are refused, since anyone can guess what they give. */
    byte[] agree(byte[] theirs) throws GeneralSecurityException {
        var shared = new byte[BYTES];
        if (theirs.length != BYTES || !X25519.calculateAgreement(secret, 0, theirs, 0, shared, 0)) {
            throw new GeneralSecurityException("X25519: expected a point of large order, found one of small order");
        }
        return shared;
    }
}
