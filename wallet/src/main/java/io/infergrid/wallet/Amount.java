package io.infergrid.wallet;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Objects;

/**
 * An exact, non-negative sum of BTT, counted in wei (1 BTT = 10^18 wei). Bounded by what a uint256 on the chain can hold, so
 * every amount can be sent as it is.
 */
public record Amount(BigInteger wei) implements Comparable<Amount> {

    public static final Amount ZERO = new Amount(BigInteger.ZERO);

    private static final int DECIMALS = 18;
    private static final int MAX_BITS = 256;
    private static final int MAX_TEXT = 100;

    public Amount {
        Objects.requireNonNull(wei);
        if (wei.signum() < 0 || wei.bitLength() > MAX_BITS) {
            throw new IllegalArgumentException("expected an amount from 0 to 2^256 - 1 wei, found one of "
                    + wei.bitLength() + " bits, sign " + wei.signum());
        }
    }

    public static Amount ofWei(long wei) {
        return new Amount(BigInteger.valueOf(wei));
    }

    /**
     * Parses BTT as a person writes it: digits, at most one point, at most 18 digits after it; no sign, no exponent.
     *
     * @throws IllegalArgumentException if the text is anything else; the message says what was expected
     */
    public static Amount parse(String btt) {
        if (btt.length() > MAX_TEXT || !btt.matches("[0-9]+(\\.[0-9]{1," + DECIMALS + "})?")) {
            String found = btt.length() > MAX_TEXT ? btt.length() + " characters" : "'" + btt + "'";
            throw new IllegalArgumentException(
                    "expected an amount of BTT such as 12.5, with at most 18 decimals, found " + found);
        }
        return new Amount(new BigDecimal(btt).movePointRight(DECIMALS).toBigIntegerExact());
    }

    public Amount plus(Amount other) {
        return new Amount(wei.add(other.wei));
    }

    /**
     * @throws IllegalArgumentException if {@code other} is larger: no amount is ever below zero
     */
    public Amount minus(Amount other) {
        return new Amount(wei.subtract(other.wei));
    }

    @Override
    public int compareTo(Amount other) {
        return wei.compareTo(other.wei);
    }

    /** BTT in full, without exponent or trailing zeros; {@link #parse} reads it back to the wei. */
    @Override
    public String toString() {
        return wei.signum() == 0
                ? "0"
                : new BigDecimal(wei, DECIMALS).stripTrailingZeros().toPlainString();
    }
}
