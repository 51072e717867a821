package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;

/** A compressed point of secp256k1 (SEC 1), 33 bytes; ECDSA over SHA-256 with the signature in DER. The JDK lacks the curve. */
enum Secp256k1Scheme implements KeyScheme {
    INSTANCE;

    private static final int COMPRESSED_BYTES = 33;

    /** Made at the first use, since few peers have such a key. */
    private static final class Curve {
        private static final X9ECParameters X9 = CustomNamedCurves.getByName("secp256k1");
        private static final ECDomainParameters DOMAIN = new ECDomainParameters(X9);
    }

    @Override
    public void check(byte[] key) throws DecodeException {
        if (key.length != COMPRESSED_BYTES) {
            throw new DecodeException("secp256k1 key: expected 33 bytes, found " + key.length);
        }
        if (key[0] != 2 && key[0] != 3) {
            throw new DecodeException("secp256k1 key: expected a compressed point, found prefix " + (key[0] & 0xff));
        }
    }

    @Override
    public boolean verify(byte[] key, byte[] message, byte[] signature) throws DecodeException {
        ECPublicKeyParameters parameters;
        try {
            parameters = new ECPublicKeyParameters(Curve.DOMAIN.getCurve().decodePoint(key), Curve.DOMAIN);
        } catch (IllegalArgumentException e) {
            throw new DecodeException("secp256k1 key: expected a point of the curve, found another number");
        }
        var numbers = EcdsaSignature.decode(signature);
        var signer = new ECDSASigner();
        signer.init(false, parameters);
        return numbers.isPresent()
                && signer.verifySignature(
                        sha256(message), numbers.get().r(), numbers.get().s());
    }

    private static byte[] sha256(byte[] message) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(message);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
