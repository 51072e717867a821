package io.infergrid.wallet.keys;

import java.math.BigInteger;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.math.ec.custom.sec.SecP256K1Curve;

/**
 * ECDSA on secp256k1 as Ethereum wants it: nonces by RFC 6979, s in the lower half, and the recovery id read from the nonce's
 * point instead of searched for, which makes a signature one multiplication.
 */
final class Secp256k1 {

    private static final X9ECParameters CURVE = CustomNamedCurves.getByName("secp256k1");
    static final BigInteger ORDER = CURVE.getN();
    static final BigInteger HALF_ORDER = ORDER.shiftRight(1);

    private Secp256k1() {}

    static ECPoint publicPoint(byte[] key) {
        return times(new BigInteger(1, key));
    }

    private static ECPoint times(BigInteger scalar) {
        return new FixedPointCombMultiplier().multiply(CURVE.getG(), scalar).normalize();
    }

    static Signature sign(byte[] key, byte[] digest) {
        BigInteger secret = new BigInteger(1, key);
        BigInteger message = new BigInteger(1, digest);
        var nonces = new HMacDSAKCalculator(new SHA256Digest());
        nonces.init(ORDER, secret, digest);
        while (true) {
            BigInteger nonce = nonces.nextK();
            ECPoint point = times(nonce);
            BigInteger x = point.getAffineXCoord().toBigInteger();
            BigInteger r = x.mod(ORDER);
            BigInteger s = nonce.modInverse(ORDER)
                    .multiply(message.add(secret.multiply(r)))
                    .mod(ORDER);
            if (r.signum() == 0 || s.signum() == 0 || x.compareTo(ORDER) >= 0) {
                continue; // Ethereum has no v for the last case
            }
            boolean odd = point.getAffineYCoord().testBitZero();
            boolean high = s.compareTo(HALF_ORDER) > 0;
            return new Signature(r, high ? ORDER.subtract(s) : s, odd != high ? 28 : 27);
        }
    }

    /** The uncompressed public point without its leading 4, or nothing where no key could have signed so. */
    static byte[] recover(byte[] digest, Signature signature) {
        ECPoint nonce = decompress(signature.r(), signature.v() == 28);
        BigInteger inverse = signature.r().modInverse(ORDER);
        BigInteger u1 = new BigInteger(1, digest).negate().multiply(inverse).mod(ORDER);
        BigInteger u2 = signature.s().multiply(inverse).mod(ORDER);
        ECPoint key =
                ECAlgorithms.sumOfTwoMultiplies(CURVE.getG(), u1, nonce, u2).normalize();
        if (key.isInfinity()) {
            throw new IllegalArgumentException("no key could have made this signature");
        }
        byte[] encoded = key.getEncoded(false);
        byte[] bare = new byte[64];
        System.arraycopy(encoded, 1, bare, 0, 64);
        return bare;
    }

    private static ECPoint decompress(BigInteger x, boolean odd) {
        if (x.compareTo(SecP256K1Curve.q) >= 0) {
            throw new IllegalArgumentException("no key could have made this signature");
        }
        byte[] encoded = new byte[33];
        encoded[0] = (byte) (odd ? 3 : 2);
        put(x, encoded, 1);
        try {
            return CURVE.getCurve().decodePoint(encoded);
        } catch (IllegalArgumentException offCurve) {
            throw new IllegalArgumentException("no key could have made this signature", offCurve);
        }
    }

    /** Writes a number below 2^256 as 32 big-endian bytes. */
    static void put(BigInteger number, byte[] into, int at) {
        for (int i = 0; i < 32; i++) {
            into[at + i] = (byte) number.shiftRight(248 - 8 * i).intValue();
        }
    }
}
