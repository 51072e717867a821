package io.infergrid.wallet.channel;

import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.TypedDomain;
import io.infergrid.wallet.keys.Signer;

/**
 * A promise on a channel: so much in all since it was opened, for work whose commitments have this root. Only the newest counts, so
 * one lost on the way is made good by the next.
 *
 * @param cumulative up to 2^128 - 1 wei
 */
public record Voucher(Bytes32 channel, Amount cumulative, Bytes32 receiptRoot) {

    static final String TYPE = "Voucher(bytes32 channelId,uint128 cumulative,bytes32 receiptRoot)";
    private static final byte[] TYPE_HASH = TypedDomain.type(TYPE);

    public Voucher {
        if (cumulative.wei().bitLength() > 128) {
            throw new IllegalArgumentException("expected a voucher below 2^128 wei");
        }
    }

    /** The EIP-712 digest that the session signer signs. */
    public byte[] digest(TypedDomain channels) {
        return channels.digest(TYPE_HASH, channel.toBytes(), TypedDomain.word(cumulative.wei()), receiptRoot.toBytes());
    }

    public SignedVoucher sign(TypedDomain channels, Signer signer) {
        return new SignedVoucher(this, signer.sign(digest(channels)));
    }
}
