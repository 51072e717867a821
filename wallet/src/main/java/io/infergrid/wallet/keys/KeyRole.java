package io.infergrid.wallet.keys;

/**
 * What a key may do; its index is the last step of the path {@code m/44'/60'/0'/0/i}, so MetaMask's first, second and third
 * account of the same words are these three.
 */
public enum KeyRole {
    /** Holds the funds, stakes and withdraws; locked most of the time. */
    OWNER(0),
    /** Signs commitments and verdicts; cannot move stake or payouts. */
    OPERATOR(1),
    /** Signs vouchers; what it can lose is the deposit of its channels. */
    SESSION(2);

    private final int index;

    KeyRole(int index) {
        this.index = index;
    }

    public int index() {
        return index;
    }
}
