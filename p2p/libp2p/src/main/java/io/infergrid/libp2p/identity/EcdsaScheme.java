package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;

/** ECDSA on P-256 over SHA-256: the key is a {@code SubjectPublicKeyInfo} (RFC 5480), the signature is DER. By the JDK. */
enum EcdsaScheme implements KeyScheme {
    INSTANCE;

    static final Oid EC_PUBLIC_KEY = Oid.of("1.2.840.10045.2.1");
    static final Oid P256 = Oid.of("1.2.840.10045.3.1.7");

    private static final int POINT_BYTES = 65;
    private static final int UNCOMPRESSED = 4;

    private static final class Curve {
        private static final ECParameterSpec P256;

        static {
            try {
                var parameters = AlgorithmParameters.getInstance("EC");
                parameters.init(new ECGenParameterSpec("secp256r1"));
                P256 = parameters.getParameterSpec(ECParameterSpec.class);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this Java platform lacks the curve P-256", e);
            }
        }
    }

    @Override
    public void check(byte[] key) throws DecodeException {
        point(key);
    }

    /** The uncompressed point in the key; whether it lies on the curve is left to {@link #verify}. */
    private static byte[] point(byte[] key) throws DecodeException {
        var outer = new DerReader(key);
        var info = outer.sequence();
        outer.expectEnd();
        var algorithm = info.sequence();
        var kind = algorithm.oid();
        if (!kind.equals(EC_PUBLIC_KEY)) {
            throw new DecodeException("ECDSA key: expected an elliptic curve key, found algorithm " + kind);
        }
        var curve = algorithm.oid();
        if (!curve.equals(P256)) {
            throw new DecodeException("ECDSA key: expected one of P-256, found curve " + curve);
        }
        algorithm.expectEnd();
        var point = info.bits(POINT_BYTES);
        info.expectEnd();
        if (point.length != POINT_BYTES || point[0] != UNCOMPRESSED) {
            throw new DecodeException("ECDSA key: expected an uncompressed point of 65 bytes, found " + point.length);
        }
        return point;
    }

    @Override
    public boolean verify(byte[] key, byte[] message, byte[] signature) throws DecodeException {
        var point = point(key);
        var x = new BigInteger(1, Arrays.copyOfRange(point, 1, 33));
        var y = new BigInteger(1, Arrays.copyOfRange(point, 33, 65));
        if (!onCurve(x, y)) {
            throw new DecodeException("ECDSA key: expected a point of the curve, found another one");
        }
        var numbers = EcdsaSignature.decode(signature);
        if (numbers.isEmpty()) {
            return false;
        }
        try {
            var verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
            verifier.initVerify(
                    KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(new ECPoint(x, y), Curve.P256)));
            verifier.update(message);
            return verifier.verify(numbers.get().joined());
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static boolean onCurve(BigInteger x, BigInteger y) {
        var p = ((ECFieldFp) Curve.P256.getCurve().getField()).getP();
        var a = Curve.P256.getCurve().getA();
        var b = Curve.P256.getCurve().getB();
        return x.compareTo(p) < 0
                && y.compareTo(p) < 0
                && x.multiply(x)
                                .add(a)
                                .multiply(x)
                                .add(b)
                                .subtract(y.multiply(y))
                                .mod(p)
                                .signum()
                        == 0;
    }
}
