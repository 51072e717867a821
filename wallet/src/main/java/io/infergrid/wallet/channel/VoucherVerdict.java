package io.infergrid.wallet.channel;

import io.infergrid.wallet.Amount;

/** What a payee makes of a voucher. */
public sealed interface VoucherVerdict {

    /**
     * It was kept and counts.
     *
     * @param earned more than the voucher before
     * @param headroom what the deposit still covers beyond it
     */
    record Accepted(Amount earned, Amount headroom) implements VoucherVerdict {}

    /** It was not kept and nothing changed. */
    record Refused(Reason reason, String detail) implements VoucherVerdict {}

    /** Why a voucher is refused. */
    enum Reason {
        /** No such channel, or it pays somebody else. */
        UNKNOWN_CHANNEL,
        /** The channel was closed. */
        CLOSED,
        /** A forced close was begun: no new work is paid for here. */
        CLOSING,
        /** Signed by another key than the channel's, or for another chain or contract. */
        WRONG_SIGNER,
        /** Not higher than the one before: a replay. */
        NOT_HIGHER,
        /** The deposit does not cover it. */
        ABOVE_DEPOSIT,
        /** Less than what was asked for the window. */
        TOO_LITTLE
    }
}
