package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/** RFC 8032, strictly: neither a point nor a scalar has a second form. */
enum Ed25519Scheme implements KeyScheme {
    INSTANCE;

    @Override
    public void check(byte[] key) throws DecodeException {
        if (key.length != Ed25519.PUBLIC_KEY_SIZE) {
            throw new DecodeException("Ed25519 key: expected 32 bytes, found " + key.length);
        }
    }

    @Override
    public boolean verify(byte[] key, byte[] message, byte[] signature) {
        return signature.length == Ed25519.SIGNATURE_SIZE
                && Ed25519.validatePublicKeyFull(key, 0)
                && Ed25519.verify(signature, 0, key, 0, message, 0, message.length);
    }
}
