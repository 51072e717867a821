package io.infergrid.libp2p.identity;

import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.DerReader;
import java.math.BigInteger;
import java.util.Optional;

/** The two numbers of an ECDSA signature on a curve of at most 256 bits, from {@code SEQUENCE { r INTEGER, s INTEGER }}. */
record EcdsaSignature(BigInteger r, BigInteger s) {

    private static final int BITS = 256;

    /** The numbers, or nothing if the bytes are no such signature. */
    static Optional<EcdsaSignature> decode(byte[] der) {
        try {
            var outer = new DerReader(der);
            var numbers = outer.sequence();
            outer.expectEnd();
            var signature = new EcdsaSignature(numbers.unsigned(BITS), numbers.unsigned(BITS));
            numbers.expectEnd();
            return Optional.of(signature);
        } catch (DecodeException e) {
            return Optional.empty();
        }
    }

    /** Both numbers with 32 bytes each, as IEEE P1363 writes them. */
    byte[] joined() {
        var bytes = new byte[2 * BITS / 8];
        put(r, bytes, BITS / 8);
        put(s, bytes, 2 * BITS / 8);
        return bytes;
    }

    private static void put(BigInteger number, byte[] to, int end) {
        var bytes = number.toByteArray();
        int length = Math.min(bytes.length, BITS / 8); // a leading zero says that the number is positive
        System.arraycopy(bytes, bytes.length - length, to, end - length, length);
    }
}
