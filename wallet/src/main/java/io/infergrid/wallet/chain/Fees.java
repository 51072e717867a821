package io.infergrid.wallet.chain;

import io.infergrid.wallet.Amount;
import java.math.BigInteger;

/** What a unit of gas is offered, in wei, by what the chain understands. */
public sealed interface Fees {

    /** Before London (BTTC): one price, all of it paid. */
    record Legacy(BigInteger gasPrice) implements Fees {}

    /** EIP-1559: at most {@code maxFee}, of which {@code priority} goes to the block's producer. */
    record Dynamic(BigInteger maxFee, BigInteger priority) implements Fees {}

    /** The most that a unit of gas can cost. */
    default BigInteger most() {
        return switch (this) {
            case Legacy legacy -> legacy.gasPrice();
            case Dynamic dynamic -> dynamic.maxFee();
        };
    }

    default Amount mostFor(BigInteger gas) {
        return new Amount(most().multiply(gas));
    }

    /**
     * What a replacement of a transaction with these fees must offer: each part a tenth and a wei more, or what is asked now
     * where that is more.
     */
    default Fees replacement(Fees now) {
        return switch (this) {
            case Legacy(BigInteger price) -> new Legacy(raised(price).max(now.most()));
            case Dynamic(BigInteger max, BigInteger priority) ->
                now instanceof Dynamic fresh
                        ? new Dynamic(
                                raised(max).max(fresh.maxFee()),
                                raised(priority).max(fresh.priority()))
                        : new Legacy(raised(max).max(now.most()));
        };
    }

    private static BigInteger raised(BigInteger price) {
        return price.multiply(BigInteger.valueOf(11)).divide(BigInteger.TEN).add(BigInteger.ONE);
    }
}
