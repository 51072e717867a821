package io.infergrid.grid.payment;

import io.infergrid.grid.verification.WindowClaim;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * What a stage wants for its work in one session.
 *
 * @param pricePer1000 for 1 000 tokens through the blocks of this stage, in the coin's smallest unit
 * @param creditWindows windows that it serves ahead of payment, at least 1
 * @param payee where the money goes (an address, a channel, ...), in the implementer's own form
 */
public record Offer(BigInteger pricePer1000, int creditWindows, byte[] payee) {

    public static final int MOST_CREDIT = 1024;
    public static final int MOST_PAYEE_BYTES = 512;
    private static final int MOST_PRICE_BYTES = 32;
    private static final BigInteger THOUSAND = BigInteger.valueOf(1000);

    public Offer {
        payee = payee.clone();
        if (pricePer1000.signum() < 0 || pricePer1000.bitLength() > 8 * MOST_PRICE_BYTES - 1) {
            throw new IllegalArgumentException("expected a price of 0 or more in 255 bits, found " + pricePer1000);
        }
        if (creditWindows < 1 || creditWindows > MOST_CREDIT || payee.length > MOST_PAYEE_BYTES) {
            throw new IllegalArgumentException(
                    "expected a credit of 1 to " + MOST_CREDIT + " windows and a payee of up to " + MOST_PAYEE_BYTES
                            + " bytes, found " + creditWindows + " and " + payee.length);
        }
    }

    @Override
    public byte[] payee() {
        return payee.clone();
    }

    /** What so many windows cost together, rounded down. */
    public BigInteger due(int windows) {
        return pricePer1000
                .multiply(BigInteger.valueOf((long) windows * WindowClaim.POSITIONS))
                .divide(THOUSAND);
    }

    public void encode(WireWriter out) {
        out.blob(pricePer1000.toByteArray()).u16(creditWindows).blob(payee);
    }

    public static Offer decode(WireReader in) throws WireException {
        byte[] price = in.blob("price", MOST_PRICE_BYTES);
        if (price.length == 0 || price[0] < 0) {
            throw new WireException("expected a price of 0 or more, found another");
        }
        return new Offer(new BigInteger(price), in.u16("credit", 1, MOST_CREDIT), in.blob("payee", MOST_PAYEE_BYTES));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Offer(BigInteger price, int credit, byte[] to)
                && pricePer1000.equals(price)
                && creditWindows == credit
                && Arrays.equals(payee, to);
    }

    @Override
    public int hashCode() {
        return 31 * pricePer1000.hashCode() + Arrays.hashCode(payee);
    }
}
