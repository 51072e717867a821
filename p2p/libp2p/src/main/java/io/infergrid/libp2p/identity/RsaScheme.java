package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import io.infergrid.libp2p.codec.DerReader.Oid;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.RSAPublicKeySpec;

/**
 * RSA of 2048 to 8192 bits: the key is a {@code SubjectPublicKeyInfo} (RFC 3279), the signature RSASSA-PKCS1-v1_5 over SHA-256. By the
 * JDK. A larger modulus or exponent would make each verification as slow as its owner likes.
 */
enum RsaScheme implements KeyScheme {
    INSTANCE;

    private static final Oid RSA_ENCRYPTION = Oid.of("1.2.840.113549.1.1.1");
    private static final int MIN_BITS = 2048;
    private static final int MAX_BITS = 8192;
    private static final int MAX_EXPONENT_BITS = 32;

    @Override
    public void check(byte[] key) throws DecodeException {
        parse(key);
    }

    private static RSAPublicKeySpec parse(byte[] key) throws DecodeException {
        var outer = new DerReader(key);
        var info = outer.sequence();
        outer.expectEnd();
        var algorithm = info.sequence();
        var kind = algorithm.oid();
        if (!kind.equals(RSA_ENCRYPTION)) {
            throw new DecodeException("RSA key: expected an RSA key, found algorithm " + kind);
        }
        algorithm.content(DerReader.NULL, 0);
        algorithm.expectEnd();
        var inner = new DerReader(info.bits(PublicKey.MAX_ENCODED_BYTES));
        info.expectEnd();
        var numbers = inner.sequence();
        inner.expectEnd();
        var modulus = numbers.unsigned(MAX_BITS);
        var exponent = numbers.unsigned(MAX_EXPONENT_BITS);
        numbers.expectEnd();
        if (modulus.bitLength() < MIN_BITS || !modulus.testBit(0)) {
            throw new DecodeException("RSA key: expected an odd modulus of " + MIN_BITS + " to " + MAX_BITS
                    + " bits, found " + modulus.bitLength() + " bits");
        }
        if (!exponent.testBit(0) || exponent.compareTo(BigInteger.TWO) <= 0) {
            throw new DecodeException("RSA key: expected an odd exponent above 2, found " + exponent);
        }
        return new RSAPublicKeySpec(modulus, exponent);
    }

    @Override
    public boolean verify(byte[] key, byte[] message, byte[] signature) throws DecodeException {
        var numbers = parse(key);
        if (signature.length != (numbers.getModulus().bitLength() + 7) / 8) {
            return false;
        }
        try {
            var verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(KeyFactory.getInstance("RSA").generatePublic(numbers));
            verifier.update(message);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
