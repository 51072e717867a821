package io.infergrid.wallet.channel;

import io.infergrid.wallet.Amount;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When a voucher is worth its fee.
 *
 * @param amount redeem what is worth this much
 * @param age redeem what is this old, if it is worth more than {@code dust}
 * @param dust what is never redeemed but from a closing channel, e.g. twice the fee
 */
public record RedeemPolicy(Amount amount, Duration age, Amount dust) {

    /** Why a voucher is due; the order is the urgency. */
    public enum Reason {
        /** The payer closes by force: what is not redeemed in time is lost. */
        CLOSING,
        /** The payer named another signer: what the old one signed counts for one challenge period more. */
        SIGNER_CHANGED,
        /** The deposit is nearly used up, so the payer may well go. */
        NEARLY_SPENT,
        AMOUNT,
        AGE
    }

    /**
     * A voucher to be redeemed.
     *
     * @param gain what the payee gets, before the contract's fee and gas
     * @param before when it must be in a block; empty: no hurry
     */
    public record Due(SignedVoucher voucher, Amount gain, Reason reason, Optional<Instant> before) {}

    Optional<Due> due(ChannelState state, VoucherStore.Kept kept, boolean signerChanged, Instant now) {
        Amount promised = kept.voucher().voucher().cumulative();
        Amount payable = promised.compareTo(state.deposit()) > 0 ? state.deposit() : promised;
        if (payable.compareTo(state.redeemed()) <= 0) {
            return Optional.empty();
        }
        Amount gain = payable.minus(state.redeemed());
        return reason(state, kept, gain, signerChanged, now)
                .map(why -> new Due(kept.voucher(), gain, why, state.closesAt()));
    }

    private Optional<Reason> reason(
            ChannelState state, VoucherStore.Kept kept, Amount gain, boolean signerChanged, Instant now) {
        if (state.closesAt().isPresent()) {
            return Optional.of(Reason.CLOSING);
        }
        if (signerChanged) {
            return Optional.of(Reason.SIGNER_CHANGED);
        }
        if (gain.compareTo(dust) <= 0) {
            return Optional.empty();
        }
        if (gain.compareTo(amount) >= 0) {
            return Optional.of(Reason.AMOUNT);
        }
        Amount left = state.deposit().minus(state.redeemed()).minus(gain);
        if (left.wei().shiftLeft(4).compareTo(state.deposit().wei()) < 0) {
            return Optional.of(Reason.NEARLY_SPENT);
        }
        return kept.firstUnredeemed().plus(age).isAfter(now) ? Optional.empty() : Optional.of(Reason.AGE);
    }
}
