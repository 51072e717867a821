package io.infergrid.wallet.channel;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.keys.Signature;
import java.math.BigInteger;
import java.nio.ByteBuffer;

/** A voucher and who signed it. */
public record SignedVoucher(Voucher voucher, Signature signature) {

    /** Length of {@link #toBytes()}. */
    public static final int BYTES = 32 + 16 + 32 + Signature.BYTES;

    /**
     * The signer.
     *
     * @throws IllegalArgumentException if no key could have signed so
     */
    public Address signer(TypedDomain channels) {
        return signature.signer(voucher.digest(channels));
    }

    /** Channel 32, cumulative 16, root 32, signature 65 bytes; for the wire and for backups. */
    public byte[] toBytes() {
        return ByteBuffer.allocate(BYTES)
                .put(voucher.channel().toBytes())
                .put(Bytes32.ofNumber(voucher.cumulative().wei()).toBytes(), 16, 16)
                .put(voucher.receiptRoot().toBytes())
                .put(signature.toBytes())
                .array();
    }

    /**
     * @throws IllegalArgumentException if the length or the signature's form is wrong, a malleated one included
     */
    public static SignedVoucher parse(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("expected a voucher of " + BYTES + " bytes, found " + bytes.length);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        byte[] channel = new byte[32];
        byte[] cumulative = new byte[16];
        byte[] root = new byte[32];
        byte[] signature = new byte[Signature.BYTES];
        in.get(channel).get(cumulative).get(root).get(signature);
        var voucher = new Voucher(Bytes32.of(channel), new Amount(new BigInteger(1, cumulative)), Bytes32.of(root));
        return new SignedVoucher(voucher, Signature.parse(signature));
    }
}
